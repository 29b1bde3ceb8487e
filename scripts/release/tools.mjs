// publib and commitlint have a lock file of their own: the releases need them, and users of the library do not.
import { join } from 'node:path';
import { once, root, run } from '../setup/environment.mjs';

export const release = join(root, 'scripts', 'release');

/** Installs publib and commitlint, unless they are there. */
export async function installReleaseTools() {
  const install = () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: release });
  await once('npm-release', [join(release, 'package-lock.json')], join(release, 'node_modules'), install);
}
