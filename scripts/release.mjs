// `npm run release`: see scripts/release/main.ts. Sets up, and installs publib and commitlint by their own lock file.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { once, root, run } from './lib-setup.mjs';
import { setUp } from './setup.mjs';

const release = join(root, 'scripts', 'release');
await setUp();
await once('npm-release', [join(release, 'package-lock.json')], join(release, 'node_modules'), () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: release }));
const { status } = spawnSync(process.execPath, [join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(release, 'main.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
