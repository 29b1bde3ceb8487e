// Prepares a fresh clone: npm packages, uv, and the Python environments, all inside the clone. Quick if nothing changed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { provideForThisMachine } from '../server/provide.mjs';
import { alone, announced, once, root, run, tools, uv } from './environment.mjs';
import { preflight } from './preflight.mjs';

const step = (title, ...work) => announced(title, () => once(...work));

async function pythonEnvironment(name, lock, python) {
  const directory = join(tools, name);
  await run(uv, ['venv', '--quiet', '--clear', '--python', python, directory]);
  await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(directory, 'bin', 'python'), lock]);
}

/**
 * Sets up, or reports all obstacles before installing anything.
 *
 * @param needs `namespaces`: the embedded AWS will run; `retry`: retry what failed before; `tests`: the tests will run.
 */
export async function setUp(needs) {
  const python = preflight(needs);
  await alone(join(tools, 'set-up.lock'), () => install(python, needs));
}

async function install(python, needs) {
  const path = (...segments) => join(root, ...segments);
  const npmInstall = (directory) => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: directory });
  await step('npm packages', 'npm', [path('package-lock.json')], path('node_modules'), () => npmInstall(root));
  const sdk = path('emulator', 'sdk');
  await step('AWS SDK of the embedded AWS', 'npm-sdk', [join(sdk, 'package-lock.json')], join(sdk, 'node_modules'), () => npmInstall(sdk));
  const uvLock = path('optimizer', 'uv-requirements.txt');
  // Keep uv's wheel for builds without a network, which install it with pip.
  const wheels = join(tools, 'uv', 'wheels');
  await step('uv', 'uv', [uvLock, python], wheels, async () => {
    await run(python, ['-m', 'venv', '--clear', join(tools, 'uv')]);
    const pip = (...args) => run(join(tools, 'uv', 'bin', 'python'), ['-m', 'pip', ...args, '--quiet', '--require-hashes', '-r', uvLock]);
    await pip('download', '--dest', wheels);
    await pip('install', '--no-index', '--find-links', wheels);
  });
  await Promise.all([pythonEnvironments(python), provideForThisMachine(needs), needs?.tests && goPrograms(python)]);
}

/** Compiles the gRPC clients of the tests. Without Go, these tests are skipped. */
async function goPrograms(python) {
  if (!spawnSync('go', ['version']).error) {
    const source = join(root, 'benchmark', 'go_programs.py');
    await step('Go programs of the tests', 'go-programs', [source], join(tools, 'go-programs'), () => run(python, ['-m', 'benchmark.go_programs']));
  }
}

async function pythonEnvironments(python) {
  for (const [title, name, lock] of [
    ['Python environment of the emulator', 'emulator', join(root, 'emulator', 'requirements.txt')],
    ['Python environment (TensorFlow, LiteRT, test tools)', 'python', join(root, 'scripts', 'setup', 'requirements.txt')],
  ]) {
    await step(title, name, [lock, python], join(tools, name), () => pythonEnvironment(name, lock, python));
  }
}

if (process.argv[1] === join(root, 'scripts', 'setup', 'main.mjs')) {
  setUp({ retry: true }).catch((error) => {
    process.stderr.write(`set-up failed: ${error.message}\n`);
    process.exit(1);
  });
}
