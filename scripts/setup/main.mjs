// Prepares a fresh clone: npm packages, uv, the Python environments and the native programs, all inside the clone. Quick if nothing changed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROGRAMS } from '../server/programs.mjs';
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
 * @param needs `namespaces`: the embedded AWS will run; `programs` of the native runtime, default all; `published`: as they are published;
 * `testTools`: the Python environment with TensorFlow and the test tools, default true; `tests`: the tests will run; `retry`: retry what
 * failed before.
 */
export async function setUp(needs = {}) {
  const python = preflight(needs);
  await alone(join(tools, 'set-up.lock'), () => install(python, needs));
}

/** Installs everything at the same time: Cargo waits for zig only, which uv installs. */
async function install(python, { programs = Object.keys(PROGRAMS), published, testTools = true, tests = false, retry }) {
  const installed = installUv(python);
  const results = await Promise.allSettled([
    provideForThisMachine({ names: programs, published, uv: installed, retry }),
    npmPackages('npm packages', 'npm', root),
    npmPackages('AWS SDK of the embedded AWS', 'npm-sdk', join(root, 'lab', 'emulator', 'sdk')),
    installed.then(() => pythonEnvironments(python, testTools)),
    tests && goPrograms(python),
  ]);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed) {
    throw failed.reason;
  }
}

const npmPackages = (title, name, directory) => step(title, name, [join(directory, 'package-lock.json')], join(directory, 'node_modules'), () => (
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: directory })));

function installUv(python) {
  const lock = join(root, 'optimizer', 'uv-requirements.txt');
  // Keep uv's wheel for builds without a network, which install it with pip.
  const wheels = join(tools, 'uv', 'wheels');
  return step('uv', 'uv', [lock, python], wheels, async () => {
    await run(python, ['-m', 'venv', '--clear', join(tools, 'uv')]);
    const pip = (...args) => run(join(tools, 'uv', 'bin', 'python'), ['-m', 'pip', ...args, '--quiet', '--require-hashes', '-r', lock]);
    await pip('download', '--dest', wheels);
    await pip('install', '--no-index', '--find-links', wheels);
  });
}

/** Compiles the gRPC clients of the tests. Without Go, these tests are skipped. */
async function goPrograms(python) {
  if (!spawnSync('go', ['version']).error) {
    const source = join(root, 'lab', 'benchmark', 'go_programs.py');
    await step('Go programs of the tests', 'go-programs', [source], join(tools, 'go-programs'), () => run(python, ['-m', 'benchmark.go_programs'], { cwd: join(root, 'lab') }));
  }
}

async function pythonEnvironments(python, testTools) {
  for (const [title, name, lock] of [
    ['Python environment of the emulator', 'emulator', join(root, 'lab', 'emulator', 'requirements.txt')],
    ...testTools ? [['Python environment (TensorFlow, LiteRT, test tools)', 'python', join(root, 'scripts', 'setup', 'requirements.txt')]] : [],
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
