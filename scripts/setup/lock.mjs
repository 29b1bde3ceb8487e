// `npm run lock`: resolves every Python lock file again; with --check only reports outdated ones.
// Uses requirements files with hashes, because uv.lock records download addresses.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run, uv } from './environment.mjs';
import { LOCKS } from './locks.mjs';
import { setUp } from './main.mjs';

const check = process.argv.includes('--check');
await setUp({ programs: [] });
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
