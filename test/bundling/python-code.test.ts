import { mkdirSync, readFileSync, statSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { join } from 'path';
import { DockerImage, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { PythonBundling } from '../../lib/bundling/python-bundling';
import { bundledBytes, pythonVersionOf } from '../../lib/bundling/python-code';
import { bundleOn, PACKAGE } from './bundled-code';
import { FakeHost, wheel } from './fake-tools';

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
});

afterEach(() => host.remove());

const bundle = (options: Parameters<typeof bundleOn>[1] = {}) => bundleOn(host, options);

describe('on the host', () => {
  test('puts the selected files of the packages where Python looks for them, without the installers\' own files', () => {
    host.addUv(PACKAGE);

    const { layer } = bundle();

    expect(layer.files).toEqual([
      'python/package-1.0.dist-info/METADATA',
      'python/package-1.0.dist-info/licenses/LICENSE',
      'python/package/__init__.py',
    ]);
  });

  test('does the same with Node.js before 20.12, where an entry of a directory does not name its directory', () => {
    const fs = createRequire(__filename)('fs') as { readdirSync(...given: unknown[]): unknown[] };
    const list = fs.readdirSync;
    fs.readdirSync = (...given) => list(...given).map((entry) => (typeof entry === 'string' ? entry : Object.assign(entry as object, { parentPath: undefined })));
    host.addUv(PACKAGE);

    try {
      expect(bundle().layer.files).toContain('python/package/__init__.py');
    } finally {
      fs.readdirSync = list;
    }
  });

  test('copies code without caches', () => {
    host.addUv(PACKAGE);

    const { fn } = bundle();

    expect(fn.files).toEqual(['index.py']);
  });

  test('puts a function\'s own packages next to its code, without the installers\' own files', () => {
    host.addUv(PACKAGE);

    const { fn } = bundle({ requirements: 'package==1.0 --hash=sha256:00\n' });

    expect(fn.files).toEqual([
      'index.py', 'package-1.0.dist-info/METADATA', 'package-1.0.dist-info/WHEEL', 'package-1.0.dist-info/licenses/LICENSE',
      'package/__init__.py', 'package/tests/test_x.py', 'requirements.txt',
    ]);
  });

  test('installs pinned wheels for the function\'s platform and Python version', () => {
    host.addUv(wheel('package', '1.0', 'manylinux_2_27_aarch64', { 'package/__init__.py': '' }));

    bundle({ architecture: lambda.Architecture.ARM_64, runtime: lambda.Runtime.PYTHON_3_12 });

    const install = host.calls.find((call) => call.startsWith('uv pip install'));
    expect(install).toContain('--python-platform aarch64-manylinux_2_28');
    expect(install).toContain('--python-version 3.12');
    expect(install).toContain('--only-binary :all:');
    expect(install).toContain('--require-hashes --no-deps');
  });

  test('uses pip if there is no uv', () => {
    const python = host.addPython('python3', '3.11', { pip: true });
    host.add('python3', readFileSync(python, 'utf-8') + [
      'case "$*" in *"pip install"*)',
      'while [ $# -gt 0 ]; do if [ "$1" = --target ]; then target=$2; fi; shift; done',
      'mkdir -p "$target/package"; touch "$target/package/__init__.py";; esac',
    ].join('\n'));

    const { layer } = bundle();

    expect(layer.files).toEqual(['python/package/__init__.py']);
    expect(host.calls.find((call) => call.includes('pip install'))).toContain('--platform manylinux_2_28_x86_64');
  });

  test.each(['PIP_REQUIRE_VIRTUALENV', 'PIP_USER'])('uses pip on a host that sets %s, which pip refuses next to a target directory', (variable) => {
    const python = host.addPython('python3', '3.11', { pip: true });
    host.add('python3', readFileSync(python, 'utf-8') + [
      `case "$*" in *"pip install"*) [ "$${variable}" = 1 ] && exit 1`,
      'while [ $# -gt 0 ]; do if [ "$1" = --target ]; then target=$2; fi; shift; done',
      'mkdir -p "$target/package"; touch "$target/package/__init__.py";; esac',
    ].join('\n'));
    process.env[variable] = '1';

    try {
      expect(bundle().layer.files).toEqual(['python/package/__init__.py']);
    } finally {
      delete process.env[variable];
    }
  });

  test.each([
    ['on the PATH', (it: FakeHost) => it.addPython('python3.13', '3.13')],
    ['among pyenv\'s versions', (it: FakeHost) => it.addPython('python', '3.13', { directory: join(it.directory, 'pyenv', 'versions', '3.13.7', 'bin') })],
    ['among pyenv\'s versions at home', (it: FakeHost) => {
      delete process.env.PYENV_ROOT;
      it.addPython('python', '3.13', { directory: join(it.directory, '.pyenv', 'versions', '3.13.7', 'bin') });
    }],
  ])('compiles with the function\'s own Python version, found %s', (_, install) => {
    host.addUv(PACKAGE);
    install(host);

    const { app, layer, fn } = bundle();

    expect(layer.files).toContain('compiled');
    expect(fn.files).toContain('compiled');
    expect(host.calls.filter((call) => call.includes('compileall')).every((call) => call.includes('--invalidation-mode unchecked-hash'))).toBe(true);
    Annotations.fromStack(app.node.findChild('Stack') as Stack).hasNoWarning('*', Match.anyValue());
  });

  test('does not trust the version in the name of a program on the PATH', () => {
    // A version manager's shim for a version that is not switched on, and one that answers with another version.
    host.addUv(PACKAGE);
    host.add('python3.13', 'echo "command not found" >&2; exit 127');
    host.addPython('python3', '3.12');

    const { fn } = bundle();

    expect(fn.files).toEqual(['index.py']);
  });

  test('without the function\'s Python version leaves bytecode out, warns, and gives another asset hash', () => {
    host.addUv(PACKAGE);

    const without = bundle();
    host.addPython('python3.13', '3.13');
    process.env.PATH = [...host.path, '/nowhere'].join(':'); // what was found is remembered for one PATH
    const withIt = bundle();

    Annotations.fromStack(without.stack).hasWarning('*', Match.stringLikeRegexp('Python 3.13, the function\'s own version, was not found .*uv python install 3.13'));
    expect(without.layer.files).not.toContain('compiled');
    expect(without.layer.hash).not.toEqual(withIt.layer.hash);
    expect(without.fn.hash).not.toEqual(withIt.fn.hash);
  });

  test('makes every file readable for Lambda\'s user, whatever the umask here', () => {
    host.addUv(PACKAGE);
    const umask = process.umask(0o077);
    try {
      const { layer } = bundle();

      const modes = layer.files.map((file) => statSync(join(layer.directory, file)).mode & 0o777);
      expect(new Set(modes)).toEqual(new Set([0o644]));
      expect(statSync(join(layer.directory, 'python')).mode & 0o777).toBe(0o755);
    } finally {
      process.umask(umask);
    }
  });

  test('keeps programs executable, as packages bring them', () => {
    host.addUv(PACKAGE);
    const handler = join(host.directory, 'handler');
    mkdirSync(handler);
    writeFileSync(join(handler, 'program'), '#!/bin/sh', { mode: 0o700 });

    const { fn } = bundle();

    const modes = ['program', 'index.py'].map((name) => statSync(join(fn.directory, name)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o644]);
  });

  test('refuses packages that were installed for another processor', () => {
    host.addUv(wheel('package', '1.0', 'manylinux_2_27_x86_64', { 'package/__init__.py': '' }));

    expect(() => bundle({ architecture: lambda.Architecture.ARM_64 }))
      .toThrow(/package-1\.0 was installed for manylinux_2_27_x86_64, but the function runs on manylinux aarch64/);
  });

  test('shows the installer\'s own words when it fails', () => {
    host.add('uv', 'case "$1" in --version) ;; *) echo "no matching distribution" >&2; exit 1;; esac');

    expect(() => bundle()).toThrow(/uv pip install .* failed with status 1:\nno matching distribution/s);
  });
});

describe('in a container', () => {
  test('AUTO uses Docker if there is neither uv nor pip', () => {
    host.addDocker(PACKAGE);

    const { layer } = bundle();

    expect(layer.files).toEqual([
      'compiled',
      'python/package-1.0.dist-info/METADATA',
      'python/package-1.0.dist-info/licenses/LICENSE',
      'python/package/__init__.py',
    ]);
  });

  test('AUTO prefers the host', () => {
    host.addUv(PACKAGE);
    host.addDocker(PACKAGE);

    bundle();

    expect(host.calls.filter((call) => call.startsWith('docker'))).toEqual([]);
  });

  test('docker() is used even if uv exists, and builds the image for the function\'s platform and Python version', () => {
    host.addUv(PACKAGE);
    host.addDocker(wheel('package', '1.0', 'manylinux_2_27_aarch64', { 'package/__init__.py': '' }));

    bundle({ bundling: PythonBundling.docker(), architecture: lambda.Architecture.ARM_64 });

    expect(host.calls.some((call) => call.startsWith('uv'))).toBe(false);
    expect(host.calls.find((call) => call.startsWith('docker build'))).toMatch(/--platform linux\/arm64 --build-arg IMAGE=\S*build-python3\.13/);
  });

  test('makes pip use only the pinned wheels, and compiles in the container', () => {
    host.addDocker(PACKAGE);

    bundle({ bundling: PythonBundling.docker() });

    const [install, compile] = host.calls.filter((call) => call.startsWith('docker run'));
    expect(install).toContain('--env PIP_ONLY_BINARY=:all:');
    expect(install).toContain('--env PIP_REQUIRE_HASHES=1 --env PIP_NO_DEPS=1');
    expect(install).toContain('python -m pip install -r requirements.txt -t /asset-output/python');
    expect(compile).toContain('--env PYTHONHASHSEED=0');
    expect(compile).toContain('compileall');
    expect(compile).toContain('-s /asset-output -p /opt /asset-output');
  });

  test.each([
    ['image', { image: DockerImage.fromRegistry('mine') }, / mine bash -c/, 'docker run'],
    ['environment', { environment: { HTTPS_PROXY: 'proxy' } }, /--env HTTPS_PROXY=proxy/, 'docker run'],
    ['network', { network: 'host' }, /--network host/, 'docker run'],
    ['buildArgs', { buildArgs: { PIP_INDEX_URL: 'index' } }, /--build-arg PIP_INDEX_URL=index/, 'docker build'],
  ])('%s reaches Docker', (_, options, expected, command) => {
    host.addDocker(PACKAGE);

    bundle({ bundling: PythonBundling.docker(options) });

    expect(host.calls.find((call) => call.startsWith(command))).toMatch(expected);
  });

  test('fails when image and buildArgs are both given, since only one can have an effect', () => {
    expect(() => PythonBundling.docker({ image: DockerImage.fromRegistry('mine'), buildArgs: { A: 'b' } })).toThrow(/image and buildArgs exclude each other/);
  });

  test('refuses packages of another processor here too', () => {
    host.addDocker(wheel('package', '1.0', 'manylinux_2_27_aarch64', { 'package/__init__.py': '' }));

    expect(() => bundle({ bundling: PythonBundling.docker() })).toThrow(/runs on manylinux x86_64/);
  });
});

describe('without tools', () => {
  test('AUTO fails without uv, pip and Docker, and names the ways out', () => {
    expect(() => bundle()).toThrow(/needs uv, pip or a running Docker, and found none of them .*install uv.*CDK_DOCKER/);
  });

  test('AUTO fails when Docker is installed but does not answer', () => {
    host.add('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');

    expect(() => bundle()).toThrow(/found none of them \("docker version" failed\)/);
  });

  test('a Python without pip is not an installer', () => {
    host.addPython('python3', '3.13');

    expect(() => bundle()).toThrow(/found none of them/);
  });

  test('LOCAL fails even if Docker is installed: it never falls back', () => {
    host.addDocker(PACKAGE);

    expect(() => bundle({ bundling: PythonBundling.LOCAL }))
      .toThrow(/PythonBundling\.LOCAL needs uv or pip on this host, and found neither: .*PythonBundling\.docker\(\)/);
    expect(host.calls).toEqual([]);
  });

  test('docker() fails without Docker even if uv is installed', () => {
    host.addUv(PACKAGE);

    expect(() => bundle({ bundling: PythonBundling.docker() })).toThrow(/PythonBundling\.docker\(\) needs a running Docker/);
  });

  test('no tool is needed when nothing is bundled, as in cdk ls and cdk destroy', () => {
    const { fn, layerConstruct } = bundle({ bundling: PythonBundling.docker(), context: { 'aws:cdk:bundling-stacks': [] } });

    expect(host.calls).toEqual([]);
    expect(fn.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(bundledBytes(layerConstruct)).toBeUndefined();
  });
});

test('the unzipped size is known after bundling', () => {
  host.addUv(wheel('package', '1.0', 'manylinux_2_27_x86_64', { 'package/__init__.py': '0123456789' }));

  const { layer, layerConstruct } = bundle();

  const sizes = layer.files.map((file) => statSync(join(layer.directory, file)).size);
  expect(bundledBytes(layerConstruct)).toBe(sizes.reduce((sum, size) => sum + size, 0));
});

test.each([
  [lambda.Runtime.PYTHON_3_12, '3.12'],
  [lambda.Runtime.PYTHON_3_13, '3.13'],
  [lambda.Runtime.NODEJS_20_X, undefined],
  [new lambda.Runtime('python3.99', lambda.RuntimeFamily.PYTHON), '3.99'],
])('%s is Python %s', (runtime, version) => {
  expect(pythonVersionOf(runtime)).toBe(version);
});
