// A temporary directory for a run of tests, in memory where this machine has enough of it: tests make and remove thousands of files,
// for which some disks take a hundred times as long. `node scripts/test/temporary-directory.mjs <process>` makes one and prints its path.
import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MEMORY = '/dev/shm';
/** In bytes, of the memory that is available and of what the file system may hold: several times what a run has had at once. */
const NEEDED = 8 * 1024 ** 3;
const NAME = /^cdk-tf-(\d+)-/;

/**
 * Makes a temporary directory, which the caller removes. Removes those of processes that have ended without doing so.
 *
 * @param owner The process that will remove it.
 * @param memory The directory of a file system in memory.
 * @param needed Bytes that must be free there. With less, or where TMPDIR is set, the directory is below the usual one.
 */
export function makeTemporaryDirectory(owner = process.pid, memory = MEMORY, needed = NEEDED) {
  const usual = tmpdir();
  const parent = process.env.TMPDIR === undefined && hasRoom(memory, needed) ? memory : usual;
  removeAbandoned(parent);
  const made = mkdtempSync(join(parent, `cdk-tf-${owner}-`));
  // Processes that tests start as another user have their files there too.
  chmodSync(made, 0o711);
  return made;
}

function hasRoom(directory, needed) {
  try {
    // Linux only, and not where programs cannot be started from it.
    const mounted = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')).findLast(([, place]) => place === directory);
    const available = Number(/^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
    const { bavail, bsize } = statfsSync(directory);
    accessSync(directory, constants.W_OK);
    return mounted?.[2] === 'tmpfs' && !mounted[3].split(',').includes('noexec') && Math.min(available, bavail * bsize) >= needed;
  } catch {
    return false;
  }
}

function removeAbandoned(parent) {
  for (const name of readdirSync(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) {
      try {
        rmSync(join(parent, name), { recursive: true, force: true });
      } catch {
        // It is another user's.
      }
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(`${makeTemporaryDirectory(Number(process.argv[2]))}\n`);
}
