// Compares what the roles of the end-to-end tests' stacks may do with what they did: `npm test` runs it when those tests have ended.
const base = require('./jest.e2e.config.js');

/** @type {import('jest').Config} */
module.exports = { ...base, testMatch: ['**/e2e/grants.test.ts'], testPathIgnorePatterns: [] };
