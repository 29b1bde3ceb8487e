// The projects of jest. `npx jest test/function` runs files; `npx jest --selectProjects unit` all of a project.

const { readdirSync, readFileSync } = require('fs');
const { join } = require('path');

// The template validator costs about 4 s of CPU per test file. Workers inherit the variable. test/example-app.slow.test.ts enables it.
process.env.CDK_VALIDATION = 'false';
// A state machine of the embedded AWS waits for this share of its time: it looks at a build every three seconds, not every ten.
process.env.SFN_WAIT_SCALE ??= '0.3';

/** Unit tests that replace modules, or move time on for promises, which jest-light-runner cannot. */
const replacing = ['test', 'lab'].flatMap((room) => readdirSync(join(__dirname, room), { recursive: true }).map((file) => join(room, file)))
  .filter((file) => file.endsWith('.test.ts') && !/^(lab\/(e2e|nodes)\/[^/]+|test\/packages\/.*)$/.test(file)
    && /\bjest\.(mock|advanceTimersByTimeAsync)\(/.test(readFileSync(join(__dirname, file), 'utf8')));

const project = (displayName, testMatch, more) => ({
  displayName,
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/lab'],
  testMatch: testMatch.map((pattern) => pattern.replace(/^(!?)/, '$1**/')),
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' }, sourceMaps: 'inline' }],
  },
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist', '<rootDir>/cdk.out'],
  globalSetup: '<rootDir>/scripts/test/jest-temporary-directory.js',
  globalTeardown: '<rootDir>/scripts/test/jest-remove-temporary-directory.js',
  ...more,
});

const unit = { setupFiles: ['<rootDir>/scripts/test/jest-unit.js'] };

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    project('unit', ['{test,lab}/**/*.test.ts', '!lab/{e2e,nodes}/*', ...replacing.map((file) => `!${file}`)], { ...unit, runner: '<rootDir>/scripts/test/jest-runner.mjs' }),
    project('replacing', replacing, { ...unit, setupFilesAfterEnv: ['aws-cdk-lib/testhelpers/jest-autoclean'] }),
    // The real CDK command line against the embedded AWS.
    project('e2e', ['lab/e2e/*.test.ts', '!lab/e2e/service*.test.ts']),
    // The same with a real Kubernetes control plane: `npm run test:cluster`, which builds its programs.
    project('cluster', ['lab/e2e/service*.test.ts']),
    // The same with real nodes: `npm run test:nodes`.
    project('nodes', ['lab/nodes/*.test.ts']),
  ],
  maxWorkers: 2,
  // Only ends a test that hangs: a busy machine takes many times longer than an idle one.
  testTimeout: 600_000,
  testSequencer: '<rootDir>/scripts/test/jest-grants-last.js',
  reporters: ['default', '<rootDir>/scripts/test/jest-summary-reporter.js'],
};
