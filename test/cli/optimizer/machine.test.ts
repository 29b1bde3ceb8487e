import { homedir } from 'os';
import { join } from 'path';
import { cacheDirectory } from '../../../cli/optimizer/cache';
import { takePython } from '../../../cli/optimizer/command';
import { thisMachine, whyNot } from '../../../cli/optimizer/machine';

test.each([
  { platform: 'linux', arch: 'x64', glibc: '2.36' }, { platform: 'linux', arch: 'arm64', glibc: '2.36' }, { platform: 'darwin', arch: 'arm64' },
])('the optimizer runs on %j', (machine) => {
  expect(whyNot(machine)).toBeUndefined();
});

test.each([
  [{ platform: 'win32', arch: 'x64' }, 'this is win32 x64: use such a machine, a container or WSL 2, or let a deployment'],
  [{ platform: 'darwin', arch: 'x64' }, 'this is darwin x64: '],
  [{ platform: 'linux', arch: 'riscv64', glibc: '2.36' }, 'this is linux riscv64: '],
  [{ platform: 'linux', arch: 'x64' }, 'this is linux x64 without the GNU C library: '],
])('elsewhere one sentence says so: %j', (machine, words) => {
  expect(whyNot(machine)).toContain(words);
});

test('this machine says what it is', () => {
  expect(thisMachine()).toMatchObject({ platform: process.platform, arch: process.arch });
});

test('the cache is where the XDG base directory specification has it, and for root where other users can read it', () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: '/caches' }, false)).toBe('/caches/cdk-tensorflow/optimizer');
  expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' }, false)).toBe(join(homedir(), '.cache', 'cdk-tensorflow', 'optimizer'));
  expect(cacheDirectory({}, false)).toBe(join(homedir(), '.cache', 'cdk-tensorflow', 'optimizer'));
  expect(cacheDirectory({}, true)).toBe('/var/cache/cdk-tensorflow/optimizer');
  expect(cacheDirectory({ XDG_CACHE_HOME: '/caches' }, true)).toBe('/caches/cdk-tensorflow/optimizer');
});

test('what follows -- is the optimizer\'s', () => {
  expect(takePython(['--python', '/a', 'model', '--', '--python', '/b'])).toEqual({ python: '/a', rest: ['model', '--', '--python', '/b'] });
});
