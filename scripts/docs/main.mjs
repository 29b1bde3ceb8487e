// `npm run docs`: sets up what the site needs, builds the library where its API is not built or older than its source, and runs site.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installDriver } from '../browser/chromium.mjs';
import { announced, once, root, run } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';

const site = join(root, 'docs', 'site');
const execute = (command, ...args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

/** VitePress has a lock file of its own: the site needs it, users and tests of the library do not. */
async function installSite() {
  const install = () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: site });
  await announced('VitePress', () => once('npm-docs', [join(site, 'package-lock.json')], join(site, 'node_modules'), install));
}

function isBuilt() {
  const assembly = join(root, '.jsii');
  const sources = readdirSync(join(root, 'lib'), { recursive: true }).map((name) => statSync(join(root, 'lib', name)).mtimeMs);
  return existsSync(assembly) && Math.max(...sources) < statSync(assembly).mtimeMs;
}

await setUp({ programs: [], testTools: false });
await installSite();
if (process.argv.includes('--browser')) {
  await installDriver();
}
if (!isBuilt()) {
  await announced('jsii', () => run('npm', ['run', '--silent', 'build']).then(() => true));
}
process.exit(execute(process.execPath, join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(root, 'scripts', 'docs', 'site.ts'), ...process.argv.slice(2)));
