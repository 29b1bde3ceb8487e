import { readFileSync } from 'fs';
import { join } from 'path';
import type { FileSelection } from '../bundling/bundle-plan';
import { packagePath } from '../private/asset-paths';
import type { LiteRtRuntime } from './runtime-layer-props';

/** Path of LiteRT's C library in the native runtime's layer: Lambda's loader searches /opt/lib. The native program has the same default. */
export const LITERT_LIBRARY = 'lib/libLiteRt.so';

/** Files that the layer with Python packages keeps. */
export const NUMPY_SELECTION: FileSelection = {
  // Everything `ai_edge_litert.interpreter` loads. The rest of the package is for GPUs, other accelerators and compilers.
  keep: [
    '/ai_edge_litert/__init__.py',
    '/ai_edge_litert/interpreter.py',
    '/ai_edge_litert/metrics_interface.py',
    '/ai_edge_litert/metrics_portable.py',
    '/ai_edge_litert/_pywrap_litert_interpreter_wrapper.so',
    '/ai_edge_litert/libpywrap_litert_common.so',
    '/numpy/',
    '/numpy.libs/',
    // Name, version, platform and licence of both packages.
    '/*.dist-info/METADATA',
    '/*.dist-info/WHEEL',
    '/*.dist-info/licenses/',
  ],
  // Parts of NumPy for developers, compilers and type checkers only. Keep every module that `from numpy import *` or a dependent package imports.
  // Do not strip the libraries: OpenBLAS fails to load afterwards.
  drop: [
    '/numpy/**/tests/',
    '/numpy/f2py/src/',
    '/numpy/_pyinstaller/',
    '/numpy/_core/include/',
    '/numpy/_core/lib/',
    '/numpy/_core/_simd.*.so',
    '/numpy/_core/_*_tests.*.so',
    '/numpy/random/_examples/',
    '/numpy/conftest.py',
    '*.pyi',
    '*.pxd',
    '*.pyx',
    '*.a',
  ],
  // `from numpy import *` imports it, but nobody compiles Fortran on Lambda: save the 600 kB of bytecode.
  uncompiled: '/numpy/f2py/',
};

export function layerRequirements(runtime: LiteRtRuntime): string {
  return packagePath('runtime', 'layer', runtime);
}

export function liteRtVersion(runtime: LiteRtRuntime): string {
  const requirements = readFileSync(join(layerRequirements(runtime), 'requirements.txt'), 'utf-8');
  return /^ai-edge-litert==(\S+)/m.exec(requirements)![1];
}
