// The real CDK CLI against the embedded AWS: slow, one at a time.
const base = require('./jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/e2e'],
  testPathIgnorePatterns: [],
  setupFilesAfterEnv: [],
  testTimeout: 600_000,
  maxWorkers: 1,
};
