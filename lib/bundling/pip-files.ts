import { existsSync, realpathSync } from 'fs';
import { basename, dirname, join } from 'path';
import { isMachineCode, programOnPath } from './native-program';
import { programOfShim } from './pyenv';

/**
 * Whether the files of a Python show that it has pip, so that it need not be started to ask. False if it has none, or they do not show it.
 *
 * @param name of the program on the PATH
 */
export function hasPipFiles(name: string): boolean {
  const onPath = programOnPath(name);
  const python = onPath && (programOfShim(onPath) ?? onPath);
  if (python === undefined || !existsSync(python) || !isMachineCode(python)) {
    return false;
  }
  const program = realpathSync(python);
  const environment = dirname(dirname(python));
  // A virtual environment's program is a link to another Python, whose packages it does not see.
  const prefix = existsSync(join(environment, 'pyvenv.cfg')) ? environment : dirname(dirname(program));
  const packages = [join('lib', basename(program), 'site-packages'), join('lib', 'python3', 'dist-packages')];
  return /^python3\.\d+$/.test(basename(program)) && packages.some((directory) => existsSync(join(prefix, directory, 'pip', '__main__.py')));
}
