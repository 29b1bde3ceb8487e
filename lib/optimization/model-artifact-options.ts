import type * as s3 from 'aws-cdk-lib/aws-s3';

/** A published model, named by its manifest. */
export interface ModelArtifactFromBucketOptions {
  /** The bucket that holds the model. It must keep versions. */
  readonly bucket: s3.IBucket;

  /** Key of the version's manifest.json: `<prefix>/<format>/<version>/manifest.json`. */
  readonly manifestKey: string;

  /**
   * SHA-256 that the manifest must have, in lower-case hexadecimal.
   *
   * @default - the manifest is taken as it is
   */
  readonly manifestSha256?: string;
}

/** A published model, named by an SSM parameter. */
export interface ModelArtifactFromParameterOptions {
  /** The bucket that holds the model. It must keep versions. */
  readonly bucket: s3.IBucket;

  /** Name of the parameter that a `ModelOptimizer` writes when it has a `pointerParameterName`. */
  readonly parameterName: string;
}
