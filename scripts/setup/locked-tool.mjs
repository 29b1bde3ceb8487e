import { join } from 'node:path';
import { once, run, tools, uv } from './environment.mjs';

/** Installs a program from a Python lock file into an environment of its own, and returns the program's path. */
export async function lockedTool(name, lock) {
  const environment = join(tools, name);
  await once(name, [lock], environment, async () => {
    await run(uv, ['venv', '--quiet', '--clear', '--python', join(tools, 'uv', 'bin', 'python'), environment]);
    await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(environment, 'bin', 'python'), lock]);
  });
  return join(environment, 'bin', name);
}
