import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import { cpSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { RuntimeLayer } from '../../lib';
import { listFiles, sizeOf } from '../../lib/bundling/bundle-files';
import type { BundlePlan } from '../../lib/bundling/bundle-plan';
import { readElf } from '../../lib/bundling/elf-file';
import { findPython } from '../../lib/bundling/host-tools';
import { PythonBundling } from '../../lib/bundling/python-bundling';
import { pythonFunction, pythonLayer } from '../../lib/bundling/python-code';
import { checkSharedObjects } from '../../lib/bundling/shared-objects';
import { LITERT_LIBRARY } from '../../lib/function/runtime-layer-contents';
import { packagePath } from '../../lib/private/asset-paths';

/**
 * The layers and the handler as they would be uploaded: really installed from the pinned wheels on this host, really compiled.
 */

/** The magic number at the start of CPython's bytecode files, fixed for every release of a minor version. */
const MAGIC: Record<string, number> = { 3.12: 3531, 3.13: 3571, 3.14: 3627 };
const UNCHECKED_HASH = 0b01;

// The default where this host has it: the others work as well, and a host without any of them makes no bytecode.
const version = Object.keys(MAGIC).sort((a, b) => Number(b === '3.13') - Number(a === '3.13')).find(findPython);
const python = version && findPython(version);
const whenPythonIsThere = python ? test : test.skip;

interface Built {
  /** LiteRT's C library alone. */
  readonly library: string;
  readonly numpy: string;
  readonly handler: string;
}

const machines: [string, lambda.Architecture][] = [['x86_64', lambda.Architecture.X86_64], ['aarch64', lambda.Architecture.ARM_64]];
const built: Record<string, Built> = {};

function build(architecture: lambda.Architecture): Built {
  const stack = new Stack(new App(), 'Stack');
  const runtime = new lambda.Runtime(`python${version ?? '3.13'}`, lambda.RuntimeFamily.PYTHON);
  const options = { architecture, pythonRuntime: runtime, bundling: PythonBundling.LOCAL };
  return {
    library: directoryOf(pythonLayer(stack, 'Library', {
      entry: packagePath('runtime', 'layer', 'native'), selection: { keep: [], move: { 'ai_edge_litert/libLiteRt.so': LITERT_LIBRARY } },
      pinned: true, runtime, architecture, pythonBundling: PythonBundling.LOCAL,
    })),
    numpy: directoryOf(RuntimeLayer.forNumpy(stack, options).layerVersion),
    handler: directoryOf(pythonFunction(stack, 'Handler', {
      entry: packagePath('runtime', 'handler', 'src'), runtime, architecture, pythonBundling: PythonBundling.LOCAL,
    })),
  };
}

function directoryOf(construct: lambda.LayerVersion | lambda.Function): string {
  return resolve((construct.node.root as App).outdir, (construct.node.findChild('Code') as Asset).assetPath);
}

/** Name, mode and content of every file. */
function contentOf(directory: string): string[] {
  return listFiles(directory).map((file) => {
    const path = join(directory, file);
    return `${file} ${statSync(path).mode.toString(8)} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  });
}

beforeAll(() => {
  for (const [machine, architecture] of machines) {
    built[machine] = build(architecture);
  }
}, 300_000);

describe.each(machines)('for %s', (machine, architecture) => {
  test('the numpy layer is the interpreter and NumPy, at most 64 MB', () => {
    const files = listFiles(built[machine].numpy);

    expect(files.every((file) => /^python\/(ai_edge_litert|numpy|numpy\.libs|[^/]*\.dist-info)\//.test(file))).toBe(true);
    expect(files.filter((file) => file.startsWith('python/ai_edge_litert/') && !file.includes('__pycache__'))).toEqual([
      'python/ai_edge_litert/__init__.py',
      'python/ai_edge_litert/_pywrap_litert_interpreter_wrapper.so',
      'python/ai_edge_litert/interpreter.py',
      'python/ai_edge_litert/libpywrap_litert_common.so',
      'python/ai_edge_litert/metrics_interface.py',
      'python/ai_edge_litert/metrics_portable.py',
    ]);
    expect(files.filter((file) => /\/tests\/|\.(pyi|a)$/.test(file))).toEqual([]);
    expect(sizeOf(built[machine].numpy)).toBeLessThanOrEqual(64_000_000);
  });

  test('names and versions can be read from the numpy layer, and the licences are in it', () => {
    const files = listFiles(built[machine].numpy);

    for (const [name, requirement] of [['ai_edge_litert', 'ai-edge-litert'], ['numpy', 'numpy']]) {
      const pinned = new RegExp(`^${requirement}==(\\S+)`, 'm').exec(readFileSync(packagePath('runtime', 'layer', 'numpy', 'requirements.txt'), 'utf-8'))![1];
      const info = `python/${name}-${pinned}.dist-info`;
      expect(readFileSync(join(built[machine].numpy, info, 'METADATA'), 'utf-8')).toMatch(new RegExp(`^Name: ${requirement}\nVersion: ${pinned}$`, 'mi'));
      expect(files.some((file) => file.startsWith(`${info}/licenses/`))).toBe(true);
    }
  });

  test('every shared object is for that processor', () => {
    const elfMachine = { x86_64: 62, aarch64: 183 }[machine];
    const objects = [built[machine].library, built[machine].numpy]
      .flatMap((directory) => listFiles(directory).map((file) => join(directory, file)))
      .filter((file) => /\.so(\.|$)/.test(file));

    expect(objects.length).toBeGreaterThan(10);
    expect(objects.filter((file) => readFileSync(file).readUInt16LE(18) !== elfMachine)).toEqual([]);
  });

  whenPythonIsThere('every module has bytecode of the function\'s Python version, which is never checked against its source', () => {
    for (const directory of [built[machine].numpy, built[machine].handler]) {
      const files = listFiles(directory);
      const modules = files.filter((file) => file.endsWith('.py') && !file.startsWith('python/numpy/f2py/'));
      const bytecode = files.filter((file) => file.endsWith('.pyc'));
      const heads = bytecode.map((file) => readFileSync(join(directory, file)).subarray(0, 8));

      expect(bytecode.length).toBe(modules.length);
      expect(new Set(heads.map((head) => head.readUInt16LE(0)))).toEqual(new Set([MAGIC[version!]]));
      expect(new Set(heads.map((head) => head.readUInt32LE(4)))).toEqual(new Set([UNCHECKED_HASH]));
    }
  });

  test('a second build gives the same assets, byte for byte', () => {
    const again = build(architecture);

    for (const part of ['library', 'numpy', 'handler'] as const) {
      expect(again[part].split('/').pop()).toBe(built[machine][part].split('/').pop());
      expect(contentOf(again[part])).toEqual(contentOf(built[machine][part]));
    }
  }, 300_000);
});

describe('the C and C++ libraries that the function\'s system must have', () => {
  const plan = (architecture: lambda.Architecture) => ({ architecture }) as BundlePlan;

  /** LiteRT's library for arm64 with every mention of a version replaced by another of the same length. */
  function needing(from: string, to: string): string {
    const directory = mkdtempSync(join(tmpdir(), 'layer-'));
    cpSync(built.aarch64.library, directory, { recursive: true });
    const library = join(directory, 'lib', 'libLiteRt.so');
    writeFileSync(library, Buffer.from(readFileSync(library).toString('latin1').replaceAll(from, to), 'latin1'));
    return directory;
  }

  test.each([
    ['x86_64', ['GLIBC_2.27', 'GLIBCXX_3.4.22']],
    ['aarch64', ['GLIBC_2.34', 'GLIBCXX_3.4.30']],
  ])('is read from the real library for %s, whatever its wheel is tagged', (machine, versions) => {
    const needed = readElf(join(built[machine].library, 'lib', 'libLiteRt.so'))!.needed.map(({ version }) => version);

    expect(needed).toEqual(expect.arrayContaining(versions));
    for (const version of versions) {
      const [name] = version.split('_');
      const newest = needed.filter((other) => other.startsWith(`${name}_`)).sort(new Intl.Collator('en', { numeric: true }).compare).at(-1);
      expect(newest).toBe(version);
    }
  });

  test.each(machines)('is there for both layers of %s', (machine, architecture) => {
    for (const directory of [built[machine].library, built[machine].numpy]) {
      expect(() => checkSharedObjects(directory, plan(architecture))).not.toThrow();
    }
  });

  test('a library for a newer C or C++ library is refused, with both versions and the way out', () => {
    expect(() => checkSharedObjects(needing('GLIBCXX_3.4.30', 'GLIBCXX_3.4.34'), plan(lambda.Architecture.ARM_64)))
      .toThrow(/^lib\/libLiteRt\.so needs GLIBCXX_3\.4\.34 of libstdc\+\+\.so\.6, .* Amazon Linux 2023, .* has GLIBCXX_3\.4\.33 at most: choose a version/);
    expect(() => checkSharedObjects(needing('GLIBC_2.34', 'GLIBC_2.35'), plan(lambda.Architecture.ARM_64)))
      .toThrow(/needs GLIBC_2\.35 of libc\.so\.6.* has GLIBC_2\.34 at most/);
  });

  test('a layer that brings the newer library itself is not refused', () => {
    const directory = needing('GLIBCXX_3.4.30', 'GLIBCXX_3.4.34');
    cpSync(join(built.aarch64.library, 'lib', 'libLiteRt.so'), join(directory, 'lib', 'libstdc++.so.6'));

    expect(() => checkSharedObjects(directory, plan(lambda.Architecture.ARM_64))).not.toThrow();
  });

  test('a library for another processor is refused, and so is a file that only has a library\'s name', () => {
    const directory = needing('x', 'x');
    expect(() => checkSharedObjects(directory, plan(lambda.Architecture.X86_64))).toThrow(/lib\/libLiteRt\.so is no shared object for x86_64/);

    writeFileSync(join(directory, 'lib', 'libLiteRt.so'), 'INPUT(libother.so)');
    expect(() => checkSharedObjects(directory, plan(lambda.Architecture.ARM_64))).toThrow(/is no shared object for aarch64/);
  });
});

const runsHere = python && process.platform === 'linux' && process.arch === 'x64' ? test : test.skip;

runsHere('the trimmed numpy layer loads: the interpreter, and every public module of NumPy that is in it', () => {
  const program = [
    'import importlib, pkgutil, sys',
    'import numpy, ai_edge_litert.interpreter',
    'from numpy import *',
    'names = [m.name for m in pkgutil.walk_packages(numpy.__path__, "numpy.") if "._" not in m.name]',
    'for name in names: importlib.import_module(name)',
    'assert (numpy.random.default_rng(0).standard_normal((3, 3)) @ numpy.linalg.inv(numpy.eye(3))).shape == (3, 3)',
    'assert all("/site-packages/" not in (getattr(m, "__file__", None) or "") for m in list(sys.modules.values()))',
    'print(len(names), ai_edge_litert.interpreter.Interpreter.__name__)',
  ].join('\n');

  const output = execFileSync(python!, ['-S', '-c', program], {
    encoding: 'utf-8', env: { PYTHONPATH: join(built.x86_64.numpy, 'python'), PYTHONDONTWRITEBYTECODE: '1' },
  });

  expect(output).toMatch(/^\d{2,} Interpreter$/m);
});

runsHere('the library of the native layer loads without any other library of the package', () => {
  const program = 'import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).LiteRtCreateEnvironment is not None)';

  const output = execFileSync(python!, ['-S', '-c', program, join(built.x86_64.library, 'lib', 'libLiteRt.so')], { encoding: 'utf-8', env: {} });

  expect(output.trim()).toBe('True');
});
