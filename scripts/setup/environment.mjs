// Facts about this machine for the set-up: which Python to use, and whether an environment matches its lock file.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// README.md and the guides explain the support for Node.js 20, so silence jsii's notice at every start.
process.env.JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION ??= '20';

// Without bytecode, each process that imports TensorFlow would compile it first, for seconds.
delete process.env.PYTHONDONTWRITEBYTECODE;

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const tools = join(root, '.tools');
export const uv = join(tools, 'uv', 'bin', 'uv');

/** Supported Python versions for the environments, in order of preference. */
export const SUPPORTED = ['3.13', '3.12', '3.11'];

/** Runs a command, and shows its output only if it fails. `onOutput` gets each part of it. */
export function run(command, args, { onOutput = () => {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        onOutput(text);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ${args.join(' ')} failed (${code}):\n${output}`))));
  });
}

function pythonVersion(executable) {
  // Ignore the clone's own Python, which the tests put on the PATH: the set-up would replace environments that tests are using.
  const PATH = (process.env.PATH ?? '').split(delimiter).filter((directory) => !directory.startsWith(tools)).join(delimiter);
  const program = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
  const result = spawnSync(executable, ['-c', program], { encoding: 'utf8', env: { ...process.env, PATH } });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Returns this machine's newest supported Python, on the PATH or from pyenv, or undefined. */
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

/** Runs `work` under an exclusive lock. The system releases the lock however the process ends. */
export async function alone(lockFile, work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  const lock = openSync(lockFile, 'w');
  // flock locks the open file, which this process shares, so the lock outlives the flock command. Without flock there is no lock.
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

/** Announces a step that takes longer than a moment, and its duration. `work` returns whether it did anything. */
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

/** Returns what the stamp of these inputs contains. */
function stampOf(inputs) {
  const digest = createHash('sha256');
  inputs.forEach((input) => digest.update(existsSync(input) ? readFileSync(input) : input).update('\0'));
  return digest.digest('hex');
}

/** Returns whether the output exists, and was made of these inputs. */
export function isMade(name, inputs, made) {
  const stamp = join(tools, `${name}.stamp`);
  return existsSync(made) && existsSync(stamp) && readFileSync(stamp, 'utf8') === stampOf(inputs);
}

/** Runs `work` unless its stamp has the same inputs and its output still exists. */
export async function once(name, inputs, made, work) {
  if (isMade(name, inputs, made)) {
    return false;
  }
  const stamp = join(tools, `${name}.stamp`);
  rmSync(stamp, { force: true });
  mkdirSync(tools, { recursive: true });
  await work();
  writeFileSync(stamp, stampOf(inputs));
  return true;
}
