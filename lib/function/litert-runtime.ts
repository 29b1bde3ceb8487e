/** What runs a LiteRT model inside the Lambda function. */
export enum LiteRtRuntime {
  /** LiteRT's C library, called by Python's standard library: no NumPy. The smallest, and the fastest to start. */
  NANO = 'nano',

  /** LiteRT's own Python package, trimmed, with NumPy. */
  NUMPY = 'numpy',
}
