// The real CDK CLI against the embedded AWS: slow, one at a time.
const base = require('./jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/e2e'],
  // Of jest.cluster.config.js: it needs programs whose first build takes a quarter of an hour.
  testPathIgnorePatterns: ['/service.test.ts$'],
  setupFilesAfterEnv: [],
  testTimeout: 600_000,
  maxWorkers: 1,
};
