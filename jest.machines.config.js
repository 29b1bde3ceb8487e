// The fleet's end-to-end tests again, on instances that boot under systemd. Run it with `npm run test:machines`, which makes their image.
const base = require('./jest.e2e.config.js');

/** @type {import('jest').Config} */
module.exports = { ...base, testMatch: ['**/*fleet.test.ts'], testPathIgnorePatterns: [] };
