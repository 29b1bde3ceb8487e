import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { PythonBundling } from '../bundling/python-bundling';
import type { LiteRtRuntime } from './litert-runtime';

/** Options of a runtime layer. */
export interface RuntimeLayerOptions {
  /**
   * The processor of the functions that use the layer.
   *
   * LiteRT has wheels for both. Those for arm64 need the C++ library of Amazon Linux 2023.7 (April 2025) or newer. Bundling checks every
   * shared object against what the function's system has; on arm64 hardware it was not run.
   *
   * @default lambda.Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * Where the layer's packages are put together.
   *
   * @default PythonBundling.AUTO
   */
  readonly bundling?: PythonBundling;
}

/** Options of a runtime layer with Python packages. */
export interface PythonRuntimeLayerOptions extends RuntimeLayerOptions {
  /**
   * The Python runtime of the functions that use the layer. 3.12 is the oldest: LiteRT needs its C library.
   *
   * @default lambda.Runtime.PYTHON_3_13
   */
  readonly pythonRuntime?: lambda.Runtime;
}

/** Properties of a runtime layer. `pythonRuntime` is for `LiteRtRuntime.NUMPY` alone. */
export interface RuntimeLayerProps extends PythonRuntimeLayerOptions {
  /** What the layer holds. */
  readonly liteRtRuntime: LiteRtRuntime;
}
