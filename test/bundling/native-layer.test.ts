import { execFileSync } from 'child_process';
import { mkdirSync, writeFileSync } from 'fs';
import { join, resolve } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { nativeLayer } from '../../lib/bundling/native-layer';
import { PythonBundling } from '../../lib/bundling/python-bundling';
import { bundledBytes } from '../../lib/bundling/python-code';
import { FakeHost, wheel } from './fake-tools';
import { elfProgram, type Program } from './program';

const X86_64 = 62;
const AARCH64 = 183;
const PACKAGE = wheel('package', '1.0', 'manylinux_2_27_x86_64', { 'package/library.txt': 'library', 'package/other.py': 'x = 1' });
const GOOD: Program = { machine: X86_64, libraries: ['libc.so.6'], versions: ['GLIBC_2.2.5', 'GLIBC_2.28'] };

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
});

afterEach(() => host.remove());

function layer(options: { program?: Program; bundling?: PythonBundling; architecture?: lambda.Architecture; context?: Record<string, unknown> } = {}) {
  const entry = join(host.directory, 'requirements');
  mkdirSync(entry, { recursive: true });
  writeFileSync(join(entry, 'requirements.txt'), 'package==1.0 --hash=sha256:00\n');
  const program = join(host.directory, 'model_server');
  // No executable bit, as on a file system that has none.
  writeFileSync(program, elfProgram(options.program ?? GOOD), { mode: 0o644 });
  const stack = new Stack(new App({ context: options.context }), 'Stack');
  return nativeLayer(stack, 'Layer', {
    program,
    entry,
    selection: { keep: [], move: { 'package/library.txt': 'lib/library.txt' } },
    runtime: lambda.Runtime.PROVIDED_AL2023,
    architecture: options.architecture ?? lambda.Architecture.X86_64,
    pythonBundling: options.bundling ?? PythonBundling.AUTO,
  });
}

function archiveOf(construct: lambda.LayerVersion): { hash: string; entries: string[] } {
  const asset = construct.node.findChild('Code') as Asset;
  const program = 'import sys, zipfile\nfor e in zipfile.ZipFile(sys.argv[1]).infolist(): print(e.filename, oct(e.external_attr >> 16), e.file_size)';
  const path = resolve((construct.node.root as App).outdir, asset.assetPath);
  const python = '/usr/bin/env';
  const listed = execFileSync(python, ['python3', '-c', program, path], { encoding: 'utf-8', env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
  return { hash: asset.assetHash, entries: listed.trim().split('\n') };
}

test.each(['host', 'container'])('the layer is an archive of the program, executable, and of the library, put together on the %s', (place) => {
  if (place === 'host') {
    host.addUv(PACKAGE);
  } else {
    host.addDocker(PACKAGE);
  }
  const built = layer();

  expect(archiveOf(built).entries).toEqual([`bootstrap 0o100755 ${elfProgram(GOOD).length}`, 'lib/library.txt 0o100644 7']);
  expect(bundledBytes(built)).toBe(elfProgram(GOOD).length + 7);
});

test('a different program gives a different layer, and the same program the same layer', () => {
  host.addUv(PACKAGE);
  const { hash } = archiveOf(layer());

  expect(archiveOf(layer()).hash).toBe(hash);
  expect(archiveOf(layer({ program: { ...GOOD, versions: ['GLIBC_2.17'] } })).hash).not.toBe(hash);
});

test.each<[string, Program, RegExp]>([
  ['of another processor', { ...GOOD, machine: AARCH64 }, /model_server is no program for x86_64/],
  ['built for a newer system', { ...GOOD, versions: ['GLIBC_2.28', 'GLIBC_2.29'] }, /model_server needs GLIBC_2\.29, newer than GLIBC_2\.28/],
  ['that needs a C++ library', { ...GOOD, libraries: ['libc.so.6', 'libstdc++.so.6'] }, /model_server needs libstdc\+\+\.so\.6, which not every system has/],
  ['that needs GCC\'s library', { ...GOOD, libraries: ['libgcc_s.so.1', 'libc.so.6'] }, /model_server needs libgcc_s\.so\.1/],
])('a program %s is refused', (_, program, problem) => {
  host.addUv(PACKAGE);

  expect(() => layer({ program })).toThrow(problem);
});

test('a command that bundles nothing needs neither tools nor program', () => {
  expect(() => layer({ program: { ...GOOD, machine: AARCH64 }, context: { 'aws:cdk:bundling-stacks': [] } })).not.toThrow();
});
