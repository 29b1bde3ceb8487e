// publib and commitlint have a lock file of their own: releases need them, users of the library do not.
import { join } from 'node:path';
import { once, root, run } from '../setup/environment.mjs';

export const release = join(root, 'scripts', 'release');

export async function installReleaseTools() {
  const install = () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: release });
  await once('npm-release', [join(release, 'package-lock.json')], join(release, 'node_modules'), install);
}
