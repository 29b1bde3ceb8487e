import type * as s3 from 'aws-cdk-lib/aws-s3';

/** A published model, identified by its manifest. */
export interface ModelArtifactFromBucketOptions {
  /** The bucket that contains the model. It must be versioned. */
  readonly bucket: s3.IBucket;

  /** Key of the version's manifest.json: `<prefix>/<format>/<version>/manifest.json`. */
  readonly manifestKey: string;

  /**
   * Expected SHA-256 of the manifest, in lower-case hexadecimal.
   *
   * @default - the manifest is not verified
   */
  readonly manifestSha256?: string;
}

/** A published model, identified by an SSM parameter. */
export interface ModelArtifactFromParameterOptions {
  /** The bucket that contains the model. It must be versioned. */
  readonly bucket: s3.IBucket;

  /** Name of the parameter that a `ModelOptimizer` with `pointerParameterName` writes. */
  readonly parameterName: string;
}
