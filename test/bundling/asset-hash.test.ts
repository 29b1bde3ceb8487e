import { mkdirSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { bundleOn, PACKAGE } from './bundled-code';
import { FakeHost, wheel } from './fake-tools';

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
});

afterEach(() => host.remove());

const bundle = (options: Parameters<typeof bundleOn>[1] = {}) => bundleOn(host, options);

describe('a layer and a function that are bundled on the host', () => {
  test('have the same hash and the same files every time', () => {
    host.addUv(PACKAGE);

    const [first, second] = [bundle(), bundle()];

    expect(second.layer.hash).toEqual(first.layer.hash);
    expect(second.fn.hash).toEqual(first.fn.hash);
    expect(second.layer.files).toEqual(first.layer.files);
  });

  test.each(['.pytest_cache/lastfailed', '.ruff_cache/x', '.mypy_cache/x', '.venv/pyvenv.cfg', '.DS_Store', '__pycache__/x.pyc'])(
    'have the same hash beside %s, which is not bundled', (path) => {
      host.addUv(PACKAGE);
      const before = bundle();
      const file = join(host.directory, 'requirements', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'x');

      const after = bundle();

      expect(after.layer.hash).toEqual(before.layer.hash);
    });

  test('have another hash with another file, or another content', () => {
    host.addUv(PACKAGE);
    const before = bundle();
    const file = join(host.directory, 'requirements', 'labels.txt');
    writeFileSync(file, 'zero');
    const more = bundle();
    writeFileSync(file, 'one');

    const other = bundle();

    expect(new Set([before.layer.hash, more.layer.hash, other.layer.hash]).size).toBe(3);
    expect(other.fn.hash).toEqual(before.fn.hash);
  });

  test.each([
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, 'manylinux_2_27_aarch64'],
    ['Python version', { runtime: lambda.Runtime.PYTHON_3_12 }, 'manylinux_2_27_x86_64'],
  ])('have another hash for another %s', (_, changed, platform) => {
    host.addUv(PACKAGE);
    const before = bundle();
    host.addUv(wheel('package', '1.0', platform, { 'package/__init__.py': '' }));

    const after = bundle(changed);

    expect(after.layer.hash).not.toEqual(before.layer.hash);
  });
});
