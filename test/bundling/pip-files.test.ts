import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { findInstaller } from '../../lib/bundling/host-tools';
import { hasPipFiles } from '../../lib/bundling/pip-files';
import { FakeHost } from './fake-tools';

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
});

afterEach(() => host.remove());

/** A file below the host's directory that begins as a program of Linux does, and cannot be started. */
function addProgram(...segments: string[]): string {
  const path = join(host.directory, ...segments);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([Buffer.from('7f454c46', 'hex'), Buffer.alloc(60)]));
  chmodSync(path, 0o755);
  return path;
}

function addPip(...segments: string[]): void {
  const directory = join(host.directory, ...segments, 'pip');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, '__main__.py'), '');
}

/** Puts a link on the PATH. */
function link(program: string, name = 'python3'): void {
  symlinkSync(program, join(host.path[0], name));
}

function addPyenv(version: string, chosen: string): void {
  const program = addProgram('pyenv', 'versions', version, 'bin', 'python3.12');
  symlinkSync(program, join(dirname(program), 'python3'));
  addPip('pyenv', 'versions', version, 'lib', 'python3.12', 'site-packages');
  writeFileSync(join(process.env.PYENV_ROOT!, 'version'), `${chosen}\n`);
  const shims = join(process.env.PYENV_ROOT!, 'shims');
  host.add('python3', 'exit 127', shims);
  process.env.PATH = shims;
}

test.each<[string, () => void]>([
  ['its own directory', () => {
    link(addProgram('usr', 'bin', 'python3.12'));
    addPip('usr', 'lib', 'python3.12', 'site-packages');
  }],
  ['Debian\'s', () => {
    link(addProgram('usr', 'bin', 'python3.11'));
    addPip('usr', 'lib', 'python3', 'dist-packages');
  }],
  ['a virtual environment', () => {
    const program = addProgram('usr', 'bin', 'python3.12');
    mkdirSync(join(host.directory, 'venv', 'bin'), { recursive: true });
    symlinkSync(program, join(host.directory, 'venv', 'bin', 'python3'));
    writeFileSync(join(host.directory, 'venv', 'pyvenv.cfg'), '');
    addPip('venv', 'lib', 'python3.12', 'site-packages');
    process.env.PATH = join(host.directory, 'venv', 'bin');
  }],
  ['the version that pyenv\'s shim starts', () => addPyenv('3.12.4', '3.12.4')],
])('pip in %s is found without starting Python', (_, add) => {
  add();

  expect(findInstaller()).toEqual({ kind: 'pip', command: ['python3', '-m', 'pip'] });
  expect(host.calls).toEqual([]);
});

test.each<[string, () => void]>([
  ['there is no Python', () => undefined],
  ['it has no pip', () => link(addProgram('usr', 'bin', 'python3.12'))],
  ['another version has the pip', () => {
    link(addProgram('usr', 'bin', 'python3.12'));
    addPip('usr', 'lib', 'python3.11', 'site-packages');
  }],
  ['the program is a script', () => {
    host.addPython('python3', '3.12', { pip: true });
    addPip('lib', 'python3.12', 'site-packages');
  }],
  ['the program\'s name does not tell the version', () => {
    link(addProgram('usr', 'bin', 'pypy'));
    addPip('usr', 'lib', 'python3.12', 'site-packages');
  }],
  ['only the Python below a virtual environment has pip', () => {
    const program = addProgram('usr', 'bin', 'python3.12');
    addPip('usr', 'lib', 'python3.12', 'site-packages');
    mkdirSync(join(host.directory, 'venv', 'bin'), { recursive: true });
    symlinkSync(program, join(host.directory, 'venv', 'bin', 'python3'));
    writeFileSync(join(host.directory, 'venv', 'pyvenv.cfg'), '');
    process.env.PATH = join(host.directory, 'venv', 'bin');
  }],
  ['pyenv has chosen a version that is not installed', () => addPyenv('3.12.4', '3.13.1')],
  ['pyenv\'s shim starts the system\'s Python', () => addPyenv('3.12.4', 'system')],
  ['a variable chooses pyenv\'s version', () => {
    addPyenv('3.12.4', '3.12.4');
    process.env.PYENV_VERSION = '3.13.1';
  }],
])('files do not show pip where %s, so Python is asked', (_, add) => {
  add();

  expect(hasPipFiles('python3')).toBe(false);
});
