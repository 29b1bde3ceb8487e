// Runs a Python script of this repository in the environment from the set-up.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, tools } from './environment.mjs';
import { setUp } from './main.mjs';

await setUp();
const { status } = spawnSync(join(tools, 'python', 'bin', 'python'), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
