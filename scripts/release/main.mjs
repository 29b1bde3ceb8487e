// `npm run release`: sets up, and runs scripts/release/release.ts; with --publish `npm run audit` before.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { installReleaseTools, release } from './tools.mjs';

// What has a known vulnerability, or cannot be looked up, is not published.
if (process.argv.includes('--publish')) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'audit', 'main.mjs')], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
await setUp({ programs: [] });
await installReleaseTools();
const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
const { status } = spawnSync(process.execPath, [tsx, join(release, 'release.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
