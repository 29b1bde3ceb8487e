// `npm run compat`: compares the built API with scripts/api/compat/baseline.jsii.json using jsii-diff. A breaking change fails, unless
// scripts/api/compat/allowed-breaking-changes.txt lists it (one key per line, as printed; `#` starts a comment). `-- --renew`, part of a release, makes the
// current API the baseline and empties the list.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, tools } from '../setup/environment.mjs';

const baseline = join(root, 'scripts', 'api', 'compat', 'baseline.jsii.json');
const allowed = join(root, 'scripts', 'api', 'compat', 'allowed-breaking-changes.txt');
const EMPTY_LIST = '# Breaking changes since the baseline that are made on purpose: one key a line, as `npm run compat` prints it, and above it the reason.\n';

/** Returns the assembly without documentation, source locations and dependency details, which no program depends on. */
function apiOf(assembly) {
  const NOT_OF_THE_API = ['readme', 'dependencyClosure', 'metadata', 'locationInModule', 'symbolId'];
  const kept = (key, value) => (key === 'docs' ? { stability: value.stability } : NOT_OF_THE_API.includes(key) ? undefined : value);
  // jsii requires a fingerprint, but does not compare it here.
  return JSON.parse(JSON.stringify({ ...assembly, fingerprint: '*' }, kept));
}

const current = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8'));
if (process.argv.includes('--renew')) {
  writeFileSync(baseline, `${JSON.stringify(apiOf(current), null, 1)}\n`);
  writeFileSync(allowed, EMPTY_LIST);
  process.stdout.write(`scripts/api/compat/baseline.jsii.json is the API of ${current.version} now\n`);
  process.exit(0);
}

// jsii-diff reads a package directory with an assembly, and searches its dependencies in the directories above.
const scratch = join(tools, 'compat');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
const api = JSON.parse(readFileSync(baseline, 'utf8'));
writeFileSync(join(scratch, '.jsii'), JSON.stringify(api));
writeFileSync(join(scratch, 'package.json'), JSON.stringify({ ...JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')), version: api.version }));
const list = join(scratch, 'allowed.txt');
writeFileSync(list, readFileSync(allowed, 'utf8').replace(/^\s*#.*$/gm, '').replace(/\n{2,}/g, '\n'));
const { status } = spawnSync(join(root, 'node_modules', '.bin', 'jsii-diff'), ['--keys', '--error-on', 'all', '--ignore-file', list, scratch, root], { cwd: root, stdio: 'inherit' });
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${status === 0 ? '✓' : '✗'} the API is ${status === 0 ? '' : 'not '}compatible with the baseline, ${api.version}\n`);
if (status !== 0) {
  process.stdout.write('a change made on purpose goes into scripts/api/compat/allowed-breaking-changes.txt, with its reason\n');
}
process.exit(status === 0 ? 0 : 1);
