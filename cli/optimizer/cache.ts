import { spawn } from 'child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync } from 'fs';
import { homedir } from 'os';
import { isAbsolute, join } from 'path';

/** Name of a directory until it is whole. */
const UNFINISHED = 'unfinished-';
const LOCK = 'lock';
/** The exit code of a lock that another process has. */
const TAKEN = 75;
const TAKE = `import fcntl, sys
try:
    fcntl.flock(3, fcntl.LOCK_EX | (fcntl.LOCK_NB if sys.argv[1] == "try" else 0))
except BlockingIOError:
    sys.exit(${TAKEN})
`;

/**
 * The directory of what this command keeps on this machine, by the XDG base directory specification.
 *
 * That of root is the system's: the processes that open models are other users, who cannot read root's home.
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env, isRoot = process.geteuid?.() === 0): string {
  const given = environment.XDG_CACHE_HOME;
  const usual = isRoot ? '/var/cache' : join(homedir(), '.cache');
  return join(given && isAbsolute(given) ? given : usual, 'cdk-tensorflow', 'optimizer');
}

/**
 * Does `work` while no other process works below `directory`, and removes what interrupted ones have left there.
 *
 * The system frees the lock however this process ends. A file system without locks gets none: what is made is whole nevertheless.
 *
 * @param python an interpreter, because Node.js cannot lock files
 */
export async function alone<T>(directory: string, python: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(directory, { recursive: true });
  const lock = openSync(join(directory, LOCK), 'a');
  // The lock belongs to the open file, which the interpreter shares with this process.
  const take = (how: 'try' | 'wait') => new Promise<number | null>((resolve) => {
    const child = spawn(python, ['-I', '-c', TAKE, how], { stdio: ['ignore', 'ignore', 'ignore', lock] });
    child.on('error', () => resolve(1));
    child.on('close', resolve);
  });
  try {
    if (await take('try') === TAKEN) {
      process.stderr.write(`another process sets up the optimizer in ${directory}: waiting for its end\n`);
      await take('wait');
    }
    readdirSync(directory).filter((name) => name.startsWith(UNFINISHED)).forEach((name) => rmSync(join(directory, name), { recursive: true, force: true }));
    return await work();
  } finally {
    closeSync(lock);
  }
}

/** Makes a directory, which has its name only when it is whole: `work` gets another one. It replaces what is there. */
export async function makeWhole(directory: string, name: string, work: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = mkdtempSync(join(directory, UNFINISHED));
  try {
    await work(unfinished);
    // Temporary directories are closed to others.
    chmodSync(unfinished, 0o777 & ~process.umask());
    rmSync(join(directory, name), { recursive: true, force: true });
    renameSync(unfinished, join(directory, name));
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}
