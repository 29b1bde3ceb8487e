import { spawnSync } from 'child_process';
import { existsSync, readdirSync } from 'fs';
import { homedir, tmpdir } from 'os';
import { join } from 'path';
import { UnscopedValidationError } from 'aws-cdk-lib';
import { lit } from '../private/errors';
import { nativeProgram } from './native-program';

export interface Installer {
  readonly kind: 'uv' | 'pip';

  /** The command with its leading arguments, e.g. ["python3", "-m", "pip"]. */
  readonly command: string[];
}

/** Maximum length of a failed tool's output in the error. */
const SHOWN_OUTPUT = 4000;

/** Succeeds where there is a pip. Does not import it as `pip --version` does, which takes longer than all else of a synthesis. */
const HAS_PIP = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("pip") is None)';

const found = new Map<string, unknown>();

/** Runs a tool and returns its output. If it fails, the error contains the output. */
export function runTool(command: string[], options: { readonly environment?: NodeJS.ProcessEnv } = {}): string {
  const [program, ...args] = command;
  const result = spawnSync(program, args, { encoding: 'utf-8', env: options.environment ?? process.env, maxBuffer: 64 * 1024 * 1024 });
  if (result.error || result.status !== 0) {
    const reason = result.error ? result.error.message : result.signal ? `signal ${result.signal}` : `status ${result.status}`;
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().slice(-SHOWN_OUTPUT);
    throw new UnscopedValidationError(lit`PythonToolFailed`, `${command.join(' ')} failed with ${reason}${output ? `:\n${output}` : ''}`);
  }
  return result.stdout;
}

/** Returns uv, or a Python that has pip, or undefined. */
export function findInstaller(): Installer | undefined {
  return once('installer', () => {
    if (nativeProgram('uv') !== undefined || answers(['uv', '--version']) !== undefined) {
      return { kind: 'uv', command: ['uv'] };
    }
    for (const python of ['python3', 'python']) {
      if (answers([python, '-c', HAS_PIP]) !== undefined) {
        return { kind: 'pip', command: [python, '-m', 'pip'] };
      }
    }
    return undefined;
  });
}

/** Returns the path of a CPython of exactly this minor version, e.g. "3.13": the function reads no other version's bytecode. */
export function findPython(version: string): string | undefined {
  return once(`python ${version}`, () => {
    const name = `python${version}`;
    const native = nativeProgram(name) ?? nativeProgram(name, pyenvDirectories(version));
    if (native !== undefined) {
      return native;
    }
    for (const candidate of candidates(version)) {
      const path = pathOfPython(candidate, version);
      if (path) {
        return path;
      }
    }
    const byUv = answers(['uv', 'python', 'find', '--no-project', '--no-python-downloads', version])?.trim();
    return byUv && pathOfPython(byUv, version);
  });
}

/** Tells whether the Docker command (or what CDK_DOCKER names) reaches its daemon. */
export function dockerAnswers(): boolean {
  return once('docker', () => answers([dockerProgram(), 'version']) !== undefined);
}

export function dockerProgram(): string {
  return process.env.CDK_DOCKER ?? 'docker';
}

function candidates(version: string): string[] {
  return [`python${version}`, 'python3', 'python', ...pyenvDirectories(version).map((directory) => join(directory, 'python'))];
}

/** The programs of all versions that pyenv has: its shim on the PATH for a version fails while another one is active. */
function pyenvDirectories(version: string): string[] {
  const versions = join(process.env.PYENV_ROOT ?? join(home(), '.pyenv'), 'versions');
  const installed = existsSync(versions) ? readdirSync(versions).filter((name) => name.startsWith(`${version}.`)).sort().reverse() : [];
  return installed.map((name) => join(versions, name, 'bin'));
}

/** Returns the interpreter's own path if it has the version: a name on the PATH may mean another version in another directory. */
function pathOfPython(program: string, version: string): string | undefined {
  const question = 'import sys; print(sys.implementation.name, sys.implementation.cache_tag, sys.executable)';
  // The cache tag contains the version, and excludes builds whose bytecode files have another name.
  const wanted = `cpython cpython-${version.replace('.', '')} `;
  const answer = answers([program, '-c', question])?.trim();
  return answer?.startsWith(wanted) ? answer.slice(wanted.length) : undefined;
}

function answers(command: string[]): string | undefined {
  // Not in the app's directory, where a version manager may read a file, and a module may shadow pip.
  const result = spawnSync(command[0], command.slice(1), { encoding: 'utf-8', cwd: tmpdir(), env: process.env, timeout: 60_000 });
  return result.error || result.status !== 0 ? undefined : result.stdout;
}

function home(): string {
  return process.env.HOME ?? homedir();
}

/** Caches the answer for each environment, because each question costs a process. */
function once<T>(question: string, ask: () => T): T {
  const key = JSON.stringify([question, process.env.PATH, process.env.PYENV_ROOT, process.env.CDK_DOCKER, home()]);
  if (!found.has(key)) {
    found.set(key, ask());
  }
  return found.get(key) as T;
}
