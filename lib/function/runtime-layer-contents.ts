import { readFileSync } from 'fs';
import { join } from 'path';
import type { FileSelection } from '../bundling/bundle-plan';
import { packagePath } from '../private/asset-paths';
import { LiteRtRuntime } from './litert-runtime';

/** What a runtime layer is made of. */
export interface RuntimeLayerContents {
  /** Directory with the requirements. */
  readonly entry: string;

  /** Which of the installed files the layer holds. */
  readonly selection: FileSelection;

  /** Whether these are Python modules. */
  readonly modules: boolean;
}

/**
 * Where the C library lies in the layer. Lambda's loader looks in /opt/lib.
 *
 * The handler has the same default.
 */
export const LITERT_LIBRARY = 'lib/libLiteRt.so';

const CONTENTS: Record<LiteRtRuntime, Omit<RuntimeLayerContents, 'entry'>> = {
  [LiteRtRuntime.NANO]: {
    selection: { keep: [], move: { 'ai_edge_litert/libLiteRt.so': LITERT_LIBRARY } },
    modules: false,
  },
  [LiteRtRuntime.NUMPY]: {
    selection: {
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
    },
    modules: true,
  },
};

/** What the layer of a runtime is made of. */
export function runtimeLayerContents(runtime: LiteRtRuntime): RuntimeLayerContents {
  return { entry: packagePath('python', 'layer', runtime), ...CONTENTS[runtime] };
}

/** The version of LiteRT in a layer: the pinned one. */
export function liteRtVersion(contents: RuntimeLayerContents): string {
  const requirements = readFileSync(join(contents.entry, 'requirements.txt'), 'utf-8');
  return /^ai-edge-litert==(\S+)/m.exec(requirements)![1];
}
