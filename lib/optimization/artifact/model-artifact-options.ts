import type * as kms from 'aws-cdk-lib/aws-kms';
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

  /**
   * The key that must have signed the version: `signingKey` of the `ModelOptimizer` that published it.
   *
   * @default - no signature is asked for
   */
  readonly signingKey?: kms.IKey;

  /**
   * Whether the deployment writes a lease next to the model, which keeps what is served here from being pruned. It needs to write below `leases/` there.
   *
   * Without one, versions disappear while they are served if the `ModelOptimizer` that publishes them has `retention`.
   *
   * @default true
   */
  readonly lease?: boolean;
}

/** A published model, identified by an SSM parameter. */
export interface ModelArtifactFromParameterOptions {
  /** The bucket that contains the model. It must be versioned. */
  readonly bucket: s3.IBucket;

  /** Name of the parameter that a `ModelOptimizer` with `pointerParameterName` writes. */
  readonly parameterName: string;

  /**
   * The key that must have signed the version: `signingKey` of the `ModelOptimizer` that published it.
   *
   * @default - no signature is asked for
   */
  readonly signingKey?: kms.IKey;

  /**
   * Whether the deployment writes a lease next to the model, which keeps what is served here from being pruned. It needs to write below `leases/` there.
   *
   * Without one, versions disappear while they are served if the `ModelOptimizer` that publishes them has `retention`.
   *
   * @default true
   */
  readonly lease?: boolean;
}
