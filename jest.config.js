// The template validator costs about 4 s of CPU per test file. Workers inherit the variable. test/example-app.test.ts enables it.
process.env.CDK_VALIDATION = 'false';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/e2e/', '<rootDir>/test/nodes/'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' }, sourceMaps: 'inline' }],
  },
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist', '<rootDir>/cdk.out'],
  setupFilesAfterEnv: ['aws-cdk-lib/testhelpers/jest-autoclean'],
  globalSetup: '<rootDir>/scripts/test/jest-temporary-directory.js',
  globalTeardown: '<rootDir>/scripts/test/jest-remove-temporary-directory.js',
  maxWorkers: 2,
  // Only ends a test that hangs: a busy machine takes many times longer than an idle one.
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/scripts/test/jest-summary-reporter.js'],
};
