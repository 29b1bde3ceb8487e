/** What runs a LiteRT model inside the Lambda function. */
export enum LiteRtRuntime {
  /** The library's own program over LiteRT's C library, on Lambda's `provided.al2023`: no Python. The smallest, and the fastest to start. */
  NATIVE = 'native',

  /** The Python handler over LiteRT's own Python package, trimmed, with NumPy. It runs hooks. */
  NUMPY = 'numpy',
}
