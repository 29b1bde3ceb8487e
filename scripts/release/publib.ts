import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
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
  return ({ program, target, settings }, environment) => {
    const home = mkdtempSync(join(tmpdir(), 'release-'));
    try {
      const { status } = spawnSync(join(tools, program), [join(dist, target)], {
        stdio: 'inherit', env: { ...process.env, ...settings, ...environment, ...(target === 'js' ? homeOfNpm(home) : {}), VERSION: version },
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
