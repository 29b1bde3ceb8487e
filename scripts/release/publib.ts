import { spawnSync } from 'child_process';
import { cpSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { delimiter, dirname, join } from 'path';
import type { RunPublib } from './publish';

/**
 * Returns what runs publib's programs.
 *
 * @param tools directory of the programs
 * @param dist directory with a directory of packages for each target
 */
export function publibOf(tools: string, dist: string, version: string): RunPublib {
  return ({ program, target, settings }, { dryRun }) => {
    const home = mkdtempSync(join(tmpdir(), 'release-'));
    const packages = join(dryRun ? home : dist, target);
    try {
      if (dryRun) {
        // publib-pypi signs the files that it finds, and fails on its own signatures.
        cpSync(join(dist, target), packages, { recursive: true });
      }
      const { status } = spawnSync(join(tools, program), [packages], {
        stdio: 'inherit', env: { ...process.env, ...settings, ...(target === 'js' ? homeOfNpm(home) : {}), PUBLIB_DRYRUN: String(dryRun), VERSION: version },
      });
      if (status !== 0) {
        throw new Error(`failed (${status})`);
      }
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  };
}

/** publib-npm replaces ~/.npmrc by one with the token. Version managers find npm by files in the home directory, so name where it is. */
function homeOfNpm(home: string): Record<string, string> {
  return { HOME: home, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
}
