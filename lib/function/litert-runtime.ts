/** The runtime of a LiteRT model in a Lambda function. */
export enum LiteRtRuntime {
  /** A native program on LiteRT's C library and Lambda's `provided.al2023`, without Python. The smallest runtime, and the fastest to start. */
  NATIVE = 'native',

  /** A Python handler with a trimmed LiteRT Python package and NumPy. Supports hooks. */
  NUMPY = 'numpy',
}
