// `npm test`: sets up, runs every test runner, and ends with `N passed, N failed` over all of them.
// `npm test -- jest handler` runs only the named ones; `npm test -- --list` names them.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, tools } from './lib-setup.mjs';
import { setUp } from './setup.mjs';

const python = join(tools, 'python', 'bin', 'python');
const results = join(root, '.tools', 'test-results');

const pytest = (name, ...arguments_) => ({
  name,
  command: [python, '-m', 'pytest', ...arguments_, '-q', '-p', 'no:cacheprovider', `--junitxml=${join(results, `${name}.xml`)}`],
  count: () => countJunit(join(results, `${name}.xml`)),
});

const jest = (name, ...args) => ({
  name,
  command: ['npx', 'jest', ...args, '--json', `--outputFile=${join(results, `${name}.json`)}`],
  count: () => countJest(join(results, `${name}.json`)),
});

/** Tests of the emulator that start TensorFlow: the stand-in server, and the boot of an instance that runs it. */
const WITH_STAND_IN = ['emulator/tests/test_stand_in_server.py', 'emulator/tests/test_instance_boot.py'];

/** The longest first: two at a time, each core takes the next one when it is done. */
const RUNNERS = [
  jest('e2e', '--config', 'jest.e2e.config.js'),
  pytest('optimizer', 'python/optimizer/tests'),
  pytest('instance', ...WITH_STAND_IN),
  pytest('emulator', 'emulator/tests', ...WITH_STAND_IN.map((file) => `--ignore=${file}`)),
  jest('jest'),
  pytest('handler', 'python/handler/tests'),
  pytest('build-runner', 'python/build_runner/tests'),
  pytest('manifests', 'test/kubernetes'),
];
const AT_ONCE = 2;

function countJunit(file) {
  const suites = [...readFileSync(file, 'utf8').matchAll(/<testsuite [^>]*>/g)].map(([tag]) => (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(tag)?.[1] ?? 0));
  const sum = (name) => suites.reduce((total, attribute) => total + attribute(name), 0);
  const failed = sum('failures') + sum('errors');
  return { passed: sum('tests') - failed - sum('skipped'), failed, skipped: sum('skipped') };
}

function countJest(file) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests };
}

function execute(runner) {
  return new Promise((resolve) => {
    const started = Date.now();
    const [command, ...args] = runner.command;
    const child = spawn(command, args, {
      cwd: root,
      // The repository's own uv and Python come first, so that a machine without them behaves alike.
      env: { ...process.env, PATH: [join(tools, 'uv', 'bin'), process.env.PATH].join(delimiter), TF_CPP_MIN_LOG_LEVEL: '2' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      let counted;
      try {
        counted = runner.count();
      } catch {
        counted = { passed: 0, failed: 0, skipped: 0 };
      }
      // A runner that dies, or that found no test, has failed whatever it counted.
      if ((code !== 0 && counted.failed === 0) || counted.passed + counted.failed === 0) {
        counted.failed += 1;
      }
      process.stdout.write(`\n===== ${runner.name} (${Math.round((Date.now() - started) / 1000)} s) =====\n${output}`);
      resolve({ name: runner.name, ...counted });
    });
  });
}

async function main() {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const known = RUNNERS.map((runner) => runner.name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (process.argv.includes('--list') || unknown.length > 0) {
    process.stdout.write(`${unknown.length ? `unknown: ${unknown.join(', ')}; known: ` : ''}${known.join(' ')}\n`);
    process.exit(unknown.length ? 2 : 0);
  }
  await setUp();
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const waiting = RUNNERS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const all = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let runner = waiting.shift(); runner; runner = waiting.shift()) {
        all.push(await execute(runner));
      }
    }),
  );
  process.stdout.write(`\n${all.map(({ name, passed, failed, skipped }) => `${name}: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`).join('\n')}\n`);
  const total = (field) => all.reduce((sum, result) => sum + result[field], 0);
  process.stdout.write(`${total('passed')} passed, ${total('failed')} failed\n`);
  process.exitCode = total('failed') > 0 || !existsSync(results) ? 1 : 0;
}

main().catch((error) => {
  process.stdout.write(`${error.message}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
});
