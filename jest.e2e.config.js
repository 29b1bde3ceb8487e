// The real CDK CLI against the embedded AWS: slow, so one test at a time.
const base = require('./jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/e2e'],
  // Part of jest.cluster.config.js: its programs take a quarter of an hour to build for the first time.
  testPathIgnorePatterns: ['/service[^/]*\\.test\\.ts$'],
  setupFilesAfterEnv: [],
  testTimeout: 600_000,
  maxWorkers: 1,
  testSequencer: '<rootDir>/scripts/test/jest-grants-last.js',
};
