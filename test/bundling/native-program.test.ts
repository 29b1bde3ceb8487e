import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'fs';
import { join } from 'path';
import { findInstaller, findPython } from '../../lib/bundling/host-tools';
import { nativeProgram } from '../../lib/bundling/native-program';
import { FakeHost } from './fake-tools';

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
});

afterEach(() => host.remove());

/** Puts a file on the PATH that begins as a program does, and cannot be started. */
function addFile(name: string, head: string, mode = 0o755): string {
  const path = join(host.path[0], name);
  writeFileSync(path, Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(60)]));
  chmodSync(path, mode);
  return path;
}

const ELF = '7f454c46';

test.each([['Linux', ELF], ['macOS', 'cffaedfe'], ['macOS, for several processors', 'cafebabe']])('a program for %s is found without being started', (_, head) => {
  const uv = addFile('uv', head);
  const python = addFile('python3.13', head);

  expect(nativeProgram('uv')).toBe(uv);
  expect(findInstaller()).toEqual({ kind: 'uv', command: ['uv'] });
  expect(findPython('3.13')).toBe(python);
  expect(host.calls).toEqual([]);
});

test('a link to a program of the same name is one, too', () => {
  const link = join(host.path[0], 'python3.13');
  renameSync(addFile('python3.13', ELF), join(host.directory, 'python3.13'));
  symlinkSync(join(host.directory, 'python3.13'), link);

  expect(nativeProgram('python3.13')).toBe(link);
});

test('a version that pyenv has is found though its shim on the PATH is for another one', () => {
  host.add('python3.13', 'exit 127');
  const directory = join(process.env.PYENV_ROOT!, 'versions', '3.13.7', 'bin');
  mkdirSync(directory, { recursive: true });
  renameSync(addFile('python3.13.7', ELF), join(directory, 'python3.13'));

  expect(findPython('3.13')).toBe(join(directory, 'python3.13'));
  expect(host.calls).toEqual([]);
});

test.each<[string, () => void]>([
  ['a script, which may be a version manager\'s', () => host.add('python3.13', 'exit 127')],
  ['a link to a program of another name, such as PyPy', () => symlinkSync(addFile('pypy3.13', ELF), join(host.path[0], 'python3.13'))],
  ['a link to a version manager', () => symlinkSync(addFile('mise', ELF), join(host.path[0], 'python3.13'))],
  ['a file that nobody may execute', () => addFile('python3.13', ELF, 0o644)],
  ['a link to nothing', () => symlinkSync('/nowhere', join(host.path[0], 'python3.13'))],
])('%s is none', (_, add) => {
  add();

  expect(nativeProgram('python3.13')).toBeUndefined();
  expect(findPython('3.13')).toBeUndefined();
});
