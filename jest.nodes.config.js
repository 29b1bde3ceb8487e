// The real CDK CLI against the embedded AWS with real nodes. Run it with `npm run test:nodes`, which builds the programs.
const base = require('./jest.e2e.config.js');

/** @type {import('jest').Config} */
module.exports = { ...base, roots: ['<rootDir>/test/nodes'], testPathIgnorePatterns: [] };
