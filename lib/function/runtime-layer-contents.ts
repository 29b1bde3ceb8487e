import { readFileSync } from 'fs';
import { join } from 'path';
import type { FileSelection } from '../bundling/bundle-plan';
import { packagePath } from '../private/asset-paths';
import type { LiteRtRuntime } from './litert-runtime';

/**
 * Where LiteRT's C library lies in the native runtime's layer. Lambda's loader looks in /opt/lib.
 *
 * The native program has the same default.
 */
export const LITERT_LIBRARY = 'lib/libLiteRt.so';

/** Which files of its packages the layer with Python packages holds. */
export const NUMPY_SELECTION: FileSelection = {
  // What `ai_edge_litert.interpreter` loads. The rest of the package serves GPUs, other accelerators and compilers.
  keep: [
    '/ai_edge_litert/__init__.py',
    '/ai_edge_litert/interpreter.py',
    '/ai_edge_litert/metrics_interface.py',
    '/ai_edge_litert/metrics_portable.py',
    '/ai_edge_litert/_pywrap_litert_interpreter_wrapper.so',
    '/ai_edge_litert/libpywrap_litert_common.so',
    '/numpy/',
    '/numpy.libs/',
    // Name, version, platform and licence of both.
    '/*.dist-info/METADATA',
    '/*.dist-info/WHEEL',
    '/*.dist-info/licenses/',
  ],
  // Of NumPy: what only its own developers, compilers and type checkers read. Every module stays
  // that `from numpy import *` or a package above NumPy imports. The libraries must not be stripped:
  // OpenBLAS does not load afterwards.
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
  // `from numpy import *` imports it, and nobody compiles Fortran on Lambda: its bytecode is not worth 600 kB.
  uncompiled: '/numpy/f2py/',
};

/** The directory with the requirements of a runtime's layer. */
export function layerRequirements(runtime: LiteRtRuntime): string {
  return packagePath('python', 'layer', runtime);
}

/** The version of LiteRT in a runtime's layer: the pinned one. */
export function liteRtVersion(runtime: LiteRtRuntime): string {
  const requirements = readFileSync(join(layerRequirements(runtime), 'requirements.txt'), 'utf-8');
  return /^ai-edge-litert==(\S+)/m.exec(requirements)![1];
}
