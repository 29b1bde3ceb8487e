// The real CDK CLI against the embedded AWS, of which each test file has one of its own.
const base = require('./jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/e2e'],
  // Services are part of jest.cluster.config.js: its programs take a quarter of an hour to build for the first time.
  // Grants are compared by jest.grants.config.js, with what all of these tests have recorded.
  testPathIgnorePatterns: ['/service[^/]*\\.test\\.ts$', '/grants\\.test\\.ts$'],
  setupFilesAfterEnv: [],
  testTimeout: 600_000,
};
