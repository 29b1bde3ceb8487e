// `npm run release`: sets up, and runs scripts/release/release.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { installReleaseTools, release } from './tools.mjs';

await setUp({ programs: [] });
await installReleaseTools();
const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
const { status } = spawnSync(process.execPath, [tsx, join(release, 'release.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
