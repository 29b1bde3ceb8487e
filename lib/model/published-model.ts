import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';

/** A published model in S3, created by a `ModelOptimizer` or imported with `ModelArtifact`. */
export interface IModelArtifact extends IConstruct {
  /** The bucket that contains the model. */
  readonly bucket: s3.IBucket;

  /**
   * Grants read access to the model's files, and nothing else in the bucket.
   *
   * @param grantee who may read
   */
  grantRead(grantee: iam.IGrantable): iam.Grant;
}

/** Format of a published model, which decides where it can be served. */
export enum ModelFormat {
  /** LiteRT (formerly TensorFlow Lite), served by ModelFunction and by `ModelServer.LITERT`. */
  LITERT = 'litert',

  /** A TensorFlow SavedModel, served by TensorFlow Serving. */
  SAVED_MODEL = 'saved_model',
}
