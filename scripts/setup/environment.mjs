// What the set-up knows of this machine: which Python to use, and whether an environment is already what its lock file asks for.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// README.md and the guides say what they think of Node.js 20: the tools of jsii need not repeat it on every start.
process.env.JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION ??= '20';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const tools = join(root, '.tools');
export const uv = join(tools, 'uv', 'bin', 'uv');

/** Versions of Python that the environments are made with, the one that is taken first. */
export const SUPPORTED = ['3.13', '3.12', '3.11'];

/** Runs a command to its end; its output is shown only when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ${args.join(' ')} failed (${code}):\n${output}`))));
  });
}

function pythonVersion(executable) {
  // Not the clone's own, which the tests' PATH puts first: another Python makes the set-up replace environments that the tests are using.
  const PATH = (process.env.PATH ?? '').split(delimiter).filter((directory) => !directory.startsWith(tools)).join(delimiter);
  const program = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
  const result = spawnSync(executable, ['-c', program], { encoding: 'utf8', env: { ...process.env, PATH } });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** The newest supported Python of this machine, on the PATH or one of pyenv's; undefined where it has none. */
export function findPython() {
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const installed = existsSync(pyenv) ? readdirSync(pyenv) : [];
  for (const version of SUPPORTED) {
    const candidates = [`python${version}`, ...installed.filter((name) => name.startsWith(`${version}.`)).map((name) => join(pyenv, name, 'bin', 'python')), 'python3'];
    const found = candidates.find((candidate) => pythonVersion(candidate) === version);
    if (found) {
      return found;
    }
  }
  return undefined;
}

/** Does `work` while no other process does its own under the same lock. The system frees the lock of a process that ends, however it does. */
export async function alone(lockFile, work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  const lock = openSync(lockFile, 'w');
  // The lock is that of the open file, which flock shares with this process: it stays when flock has ended. Without flock there is none.
  const take = (...options) => new Promise((resolve) => {
    const flock = spawn('flock', [...options, '3'], { stdio: ['ignore', 'inherit', 'inherit', lock] });
    flock.on('error', () => resolve(0));
    flock.on('close', resolve);
  });
  try {
    if (await take('-x', '-n') !== 0) {
      process.stderr.write('  another set-up of this clone is running: waiting for its end …\n');
      await take('-x');
    }
    return await work();
  } finally {
    closeSync(lock);
  }
}

/** Says what takes longer than a moment, and how long it took. `work` gives whether it did anything. */
export async function announced(title, work) {
  const started = Date.now();
  const announcement = setTimeout(() => process.stderr.write(`  ${title} …\n`), 300);
  try {
    if (await work()) {
      process.stderr.write(`  ${title}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
    }
  } finally {
    clearTimeout(announcement);
  }
}

/** Does `work` unless the stamp says that it was done for exactly these inputs, and what it made is still there. */
export async function once(name, inputs, made, work) {
  const digest = createHash('sha256');
  inputs.forEach((input) => digest.update(existsSync(input) ? readFileSync(input) : input).update('\0'));
  const stamp = join(tools, `${name}.stamp`);
  const wanted = digest.digest('hex');
  if (existsSync(made) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    return false;
  }
  rmSync(stamp, { force: true });
  mkdirSync(tools, { recursive: true });
  await work();
  writeFileSync(stamp, wanted);
  return true;
}
