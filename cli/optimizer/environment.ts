import { createHash } from 'crypto';
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import { alone, cacheDirectory, makeWhole } from './cache';
import { interpreterAt, newestInterpreter, VERSIONS } from './interpreters';
import { thisMachine, whyNot } from './machine';
import { show } from './processes';
import { installUv, uvIn } from './uv';

/** A set of packages that is installed into a cache. */
export interface Environment {
  /** The requirements file, with digests, below the packaged optimizer. */
  readonly lock: string;
  /** Subject of a sentence that says who needs them. */
  readonly subject: string;
  /** Names of the large ones. */
  readonly packages: string;
  /** With compiled modules, on x86_64. */
  readonly size: string;
  /** Versions of Python that they are locked for; the first is preferred. */
  readonly versions: readonly string[];
}

/** The environment of the optimizer itself. */
export const OPTIMIZER: Environment = {
  lock: 'requirements.txt', subject: 'The optimizer', packages: 'TensorFlow, LiteRT and other packages', size: '2 GB', versions: VERSIONS,
};

/** Returns the interpreter of a locked environment, which is made once for each lock and version of Python. `optimizer` is the packaged directory. */
export async function lockedInterpreter(optimizer: string, environment: Environment = OPTIMIZER): Promise<string> {
  const cache = cacheDirectory();
  const lock = join(optimizer, environment.lock);
  const versions = environment.versions;
  const whole = () => versions.map((version) => pythonIn(join(cache, environmentName(lock, version)))).find((python) => existsSync(python));
  const made = whole();
  if (made !== undefined) {
    return made;
  }
  const problem = whyNot(thisMachine());
  if (problem !== undefined) {
    throw new Error(problem);
  }
  const found = newestInterpreter(versions);
  const helper = found ?? interpreterAt('python3');
  if (helper === undefined) {
    throw new Error(`no Python was found on the PATH or under pyenv: install Python ${versions.join(', ')} with venv (Debian: apt install python3 python3-venv), or give --python an `
      + 'interpreter that has the optimizer\'s packages');
  }
  return alone(cache, helper.path, async () => whole() ?? make(cache, optimizer, environment, helper.path, found));
}

async function make(
  cache: string, optimizer: string, environment: Environment, helper: string, found: { path: string; version: string } | undefined,
): Promise<string> {
  const lock = join(optimizer, environment.lock);
  const version = found?.version ?? environment.versions[0];
  const name = environmentName(lock, version);
  process.stderr.write(`${environment.subject} needs ${environment.packages}, about ${environment.size}. They are installed once, for Python ${version}${found ? '' : ', which is downloaded too'}, into\n`
    + `  ${join(cache, name)}\nDelete the directory to have the space back. --python PATH takes an interpreter of yours that has them.\n`);
  const uvLock = join(optimizer, 'uv-requirements.txt');
  const uvName = `uv-${digestOf(uvLock)}-${machineName()}`;
  const uv = uvIn(join(cache, uvName));
  if (!existsSync(uv)) {
    await installUv(cache, uvName, helper, uvLock);
  }
  await makeWhole(cache, name, async (unfinished) => {
    // An environment of its own, and not what surrounds the caller.
    const variables = { ...process.env, VIRTUAL_ENV: undefined, UV_PROJECT_ENVIRONMENT: undefined };
    const failed = 'the optimizer\'s packages cannot be installed: see above, and UV_DEFAULT_INDEX names another index than the public one. Call the command again to go on';
    await show(uv, ['venv', '--quiet', '--clear', '--relocatable', '--no-project', '--python', found?.path ?? version, unfinished], variables, failed);
    // Without bytecode, each process that imports TensorFlow would compile it first, for seconds.
    await show(uv, ['pip', 'sync', '--python', pythonIn(unfinished), '--require-hashes', '--only-binary', ':all:', '--compile-bytecode', lock], variables, failed);
  });
  return pythonIn(join(cache, name));
}

/** A home directory may be shared by machines, so the name has the machine's kind too. */
const environmentName = (lock: string, version: string) => `python${version}-${digestOf(lock)}-${machineName()}`;

const machineName = () => `${process.platform}-${process.arch}`;

const pythonIn = (environment: string) => join(environment, 'bin', 'python');

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
}
