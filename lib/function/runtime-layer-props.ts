import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { PythonBundling } from '../bundling/python-bundling';

/** Options of a runtime layer. */
export interface RuntimeLayerOptions {
  /**
   * The processor architecture of the functions that use the layer.
   *
   * LiteRT's arm64 wheels need the C++ library of Amazon Linux 2023.7 (April 2025) or newer. Bundling checks every shared object against the
   * libraries of the runtime; it has not been tested on arm64 hardware.
   *
   * @default lambda.Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * Place where the layer's packages are bundled. The functions of a stack share the layer: `AUTO` and `LOCAL` agree, `docker()` only with equal options.
   *
   * @default PythonBundling.AUTO
   */
  readonly bundling?: PythonBundling;
}

/** Options of a runtime layer with Python packages. */
export interface PythonRuntimeLayerOptions extends RuntimeLayerOptions {
  /**
   * The Python version of the functions that use the layer. At least 3.12, because LiteRT needs that runtime's C library.
   *
   * @default lambda.Runtime.PYTHON_3_13
   */
  readonly pythonRuntime?: lambda.Runtime;
}

/** Properties of a runtime layer. `pythonRuntime` applies only to `LiteRtRuntime.NUMPY`. */
export interface RuntimeLayerProps extends PythonRuntimeLayerOptions {
  /** The runtime in the layer. */
  readonly liteRtRuntime: LiteRtRuntime;
}

/** The runtime of a LiteRT model in a Lambda function. */
export enum LiteRtRuntime {
  /** A native program on LiteRT's C library and Lambda's `provided.al2023`, without Python. The smallest runtime, and the fastest to start. */
  NATIVE = 'native',

  /** A Python handler with a trimmed LiteRT Python package and NumPy. Supports hooks. */
  NUMPY = 'numpy',
}
