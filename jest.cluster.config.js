// The real CDK CLI against the embedded AWS and a real Kubernetes control plane. Run it with `npm run test:cluster`, which builds the programs.
const base = require('./jest.e2e.config.js');

/** @type {import('jest').Config} */
module.exports = { ...base, testMatch: ['**/service*.test.ts'], testPathIgnorePatterns: [] };
