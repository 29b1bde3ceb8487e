import { existsSync, readdirSync, readFileSync } from 'fs';
import { homedir } from 'os';
import { basename, dirname, join } from 'path';

export function homeDirectory(): string {
  return process.env.HOME ?? homedir();
}

/** The directories of programs of all versions that pyenv has: its shim on the PATH for a version fails while another one is active. */
export function pyenvDirectories(version: string): string[] {
  const versions = join(root(), 'versions');
  const installed = existsSync(versions) ? readdirSync(versions).filter((name) => name.startsWith(`${version}.`)).sort().reverse() : [];
  return installed.map((name) => join(versions, name, 'bin'));
}

/** Returns the program that one of pyenv's shims starts outside directories with a version of their own. Undefined for other files. */
export function programOfShim(path: string): string | undefined {
  const chosen = join(root(), 'version');
  if (dirname(path) !== join(root(), 'shims') || process.env.PYENV_VERSION !== undefined || !existsSync(chosen)) {
    return undefined;
  }
  const [version] = readFileSync(chosen, 'utf-8').trim().split(/\s+/);
  return join(root(), 'versions', version, 'bin', basename(path));
}

function root(): string {
  return process.env.PYENV_ROOT ?? join(homeDirectory(), '.pyenv');
}
