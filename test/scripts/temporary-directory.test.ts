import { spawnSync } from 'child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join, resolve } from 'path';

const MODULE = resolve(__dirname, '..', '..', 'scripts', 'test', 'temporary-directory.mjs');
const MEMORY = '/dev/shm';

/** Makes a temporary directory for a process, with the given TMPDIR or without one, removes it, and returns where it was. */
function madeIn(given: { TMPDIR?: string; owner?: number; memory?: string; needed?: number }): string {
  const { TMPDIR, owner = process.pid, memory = MEMORY, needed = 1 } = given;
  const program = `import { makeTemporaryDirectory } from ${JSON.stringify(MODULE)};
process.stdout.write(makeTemporaryDirectory(${owner}, ${JSON.stringify(memory)}, ${needed}));`;
  const environment = { ...process.env };
  delete environment.TMPDIR;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8', env: { ...environment, ...(TMPDIR ? { TMPDIR } : {}) },
  });
  expect(stderr).toBe('');
  expect(existsSync(stdout)).toBe(true);
  rmSync(stdout, { recursive: true });
  return dirname(stdout);
}

/** True if this machine has a file system in memory that programs can be started from: Docker's has the option noexec. */
function hasMemory(): boolean {
  const mounts = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8') : '';
  const last = mounts.split('\n').filter((line) => line.split(' ')[1] === MEMORY).at(-1);
  return last !== undefined && / tmpfs rw\b/.test(last) && !/\bnoexec\b/.test(last);
}

/** The directory that a process without TMPDIR uses. */
const usual = spawnSync(process.execPath, ['-p', 'os.tmpdir()'], { encoding: 'utf8', env: { PATH: process.env.PATH } }).stdout.trim();

describe('the temporary directory of a run of tests', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'temporary-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('is in memory, where the machine offers that', () => {
    expect(madeIn({})).toBe(hasMemory() ? MEMORY : usual);
  });

  test.each([
    ['the file system in memory has too little room', { needed: Number.MAX_SAFE_INTEGER }],
    ['there is no file system in memory', { memory: '/no-such-directory' }],
    ['the directory is on another file system', { memory: '/' }],
  ])('is the usual one if %s', (_, given) => {
    expect(madeIn(given)).toBe(usual);
  });

  test('is below TMPDIR, where that is set', () => {
    expect(madeIn({ TMPDIR: directory })).toBe(directory);
  });

  test('is made after those whose process has ended are removed, and no others', () => {
    const { pid: ended } = spawnSync('true');
    const names = [`cdk-tf-${ended}-abcdef`, `cdk-tf-${process.pid}-abcdef`, 'cdk-tf-others'];
    names.forEach((name) => mkdirSync(join(directory, name, 'content'), { recursive: true }));
    madeIn({ TMPDIR: directory });
    expect(names.filter((name) => existsSync(join(directory, name)))).toEqual(names.slice(1));
  });
});
