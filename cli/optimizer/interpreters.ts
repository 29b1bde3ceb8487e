import { spawnSync } from 'child_process';
import { existsSync, readdirSync } from 'fs';
import { homedir } from 'os';
import { join } from 'path';

/** The versions of Python that the optimizer's packages are locked for; the first is the one of a build in the account. */
export const VERSIONS = ['3.13', '3.12', '3.11'];

/** An interpreter of this machine. */
export interface Interpreter {
  readonly path: string;
  /** Such as 3.13. */
  readonly version: string;
}

/** Returns the interpreter of that name or path, or undefined if it cannot be run. */
export function interpreterAt(name: string): Interpreter | undefined {
  // A name may be a script that starts another program, so the interpreter says what it is.
  const { status, stdout } = spawnSync(name, ['-I', '-c', 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable, sep="\\n")'], { encoding: 'utf8' });
  const [version, path] = (stdout ?? '').split('\n');
  return status === 0 && path ? { path, version } : undefined;
}

/** Returns this machine's newest Python of those versions, on the PATH or of pyenv, or undefined. */
export function newestInterpreter(versions: readonly string[] = VERSIONS): Interpreter | undefined {
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const installed = existsSync(pyenv) ? readdirSync(pyenv) : [];
  for (const version of versions) {
    const names = [`python${version}`, ...installed.filter((name) => name.startsWith(`${version}.`)).map((name) => join(pyenv, name, 'bin', 'python')), 'python3'];
    for (const name of names) {
      const found = interpreterAt(name);
      if (found?.version === version) {
        return found;
      }
    }
  }
  return undefined;
}
