import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'fs';
import { basename, delimiter, join } from 'path';

/** The first bytes of ELF files, and of macOS's for one and for several processors. */
const MACHINE_CODE = new Set(['7f454c46', 'cffaedfe', 'cafebabe']);

/**
 * Returns the path of a program that is machine code of exactly this name, also behind links. Such a program is what its name says, so it need not be
 * started where nothing is bundled. A script may be a version manager's shim, which fails for inactive versions; a link may lead to PyPy.
 *
 * @param name of the program
 * @param directories where to look; the first one that has the name decides
 */
export function nativeProgram(name: string, directories = (process.env.PATH ?? '').split(delimiter)): string | undefined {
  const path = directories.map((directory) => join(directory, name)).find(isExecutable);
  return path !== undefined && basename(realpathSync(path)) === name && MACHINE_CODE.has(firstBytes(path)) ? path : undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function firstBytes(path: string): string {
  const bytes = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes);
  } finally {
    closeSync(file);
  }
  return bytes.toString('hex');
}
