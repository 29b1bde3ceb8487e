import { spawnSync } from 'child_process';
import { join } from 'path';
import { makeWhole } from './cache';
import { show } from './processes';

const LOCKED = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps', '--only-binary', ':all:'];

/**
 * Installs the locked uv into the directory `name` of the cache: its wheel has one program, which needs no Python.
 *
 * @param python any interpreter with pip, or with venv and ensurepip
 * @param lock uv's requirements file, with the digests of its wheels
 */
export async function installUv(cache: string, name: string, python: string, lock: string): Promise<void> {
  await makeWhole(cache, name, async (unfinished) => {
    const pip = pipOf(python, join(unfinished, 'pip'));
    await show(pip[0], [...pip.slice(1), 'install', ...LOCKED, '--target', unfinished, '-r', lock], { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
      'uv, which installs the optimizer\'s packages, cannot be installed: see above, and PIP_INDEX_URL names another index than the public one');
  });
}

/** The program that `installUv` leaves in a directory. */
export const uvIn = (directory: string) => join(directory, 'bin', 'uv');

/** Returns the words of a pip command: the interpreter's own, or one that is made in `directory`. */
function pipOf(python: string, directory: string): [string, ...string[]] {
  if (spawnSync(python, ['-I', '-m', 'pip', '--version']).status === 0) {
    return [python, '-m', 'pip'];
  }
  if (spawnSync(python, ['-I', '-m', 'venv', directory]).status === 0) {
    return [join(directory, 'bin', 'python'), '-m', 'pip'];
  }
  throw new Error(`${python} has neither pip nor venv, one of which installs uv: install one (Debian: apt install python3-venv), or give --python an interpreter that has the `
    + 'optimizer\'s packages');
}
