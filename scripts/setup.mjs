// Makes a fresh clone ready: npm packages, uv, and the Python environments, all inside the clone. Quick when nothing changed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findPython, once, root, run, tools, uv } from './lib-setup.mjs';

async function step(title, name, inputs, work) {
  const started = Date.now();
  const announced = setTimeout(() => process.stderr.write(`  ${title} …\n`), 300);
  const done = await once(name, inputs, work);
  clearTimeout(announced);
  if (done) {
    process.stderr.write(`  ${title}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  }
}

async function pythonEnvironment(name, lock, python) {
  const directory = join(tools, name);
  await run(uv, ['venv', '--quiet', '--clear', '--python', python, directory]);
  await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(directory, 'bin', 'python'), lock]);
}

export async function setUp() {
  const lock = (path) => join(root, path);
  await step('npm packages', 'npm', [lock('package-lock.json'), String(existsSync(join(root, 'node_modules')))], () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']));
  await step('AWS SDK of the embedded AWS', 'npm-sdk', [lock('emulator/sdk/package-lock.json'), String(existsSync(join(root, 'emulator/sdk/node_modules')))], () =>
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: join(root, 'emulator', 'sdk') }));
  const python = findPython();
  await step('uv', 'uv', [lock('python/optimizer/uv-requirements.txt'), python], async () => {
    await run(python, ['-m', 'venv', '--clear', join(tools, 'uv')]);
    await run(join(tools, 'uv', 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--require-hashes', '-r', lock('python/optimizer/uv-requirements.txt')]);
  });
  await step('Python environment of the emulator', 'emulator', [lock('emulator/requirements.txt'), python], () => pythonEnvironment('emulator', lock('emulator/requirements.txt'), python));
  await step('Python environment (TensorFlow, LiteRT, test tools)', 'python', [lock('python/dev/requirements.txt'), python], () =>
    pythonEnvironment('python', lock('python/dev/requirements.txt'), python));
}

if (process.argv[1] === join(root, 'scripts', 'setup.mjs')) {
  setUp().catch((error) => {
    process.stderr.write(`set-up failed: ${error.message}\n`);
    process.exit(1);
  });
}
