// The real CDK CLI against the embedded AWS: slow, so one test at a time.
const base = require('./jest.config.js');

// A state machine of the embedded AWS waits for this share of its time: it looks at a build every three seconds, not every ten.
process.env.SFN_WAIT_SCALE ??= '0.3';

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
