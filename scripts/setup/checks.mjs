import { spawnSync } from 'node:child_process';
import { root } from './environment.mjs';

/**
 * Runs every check, even after one has failed, shows the output of those that fail, and returns the exit code.
 * A check: its title, command, arguments, environment, and directory (default: the repository).
 */
export function runChecks(checks) {
  const failed = checks.filter(([title, command, args, env, cwd = root]) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
    process.stdout.write(`${status === 0 ? '✓' : '✗'} ${title}\n${status === 0 ? '' : `${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`}`);
    return status !== 0;
  });
  process.stdout.write(`${checks.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length ? 1 : 0;
}
