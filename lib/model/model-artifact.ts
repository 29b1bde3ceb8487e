import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { ModelFormat } from './model-format';

/** A published model: one version, in S3, named by its manifest. */
export interface IModelArtifact extends IConstruct {
  /** The bucket that holds the model. */
  readonly bucket: s3.IBucket;

  /**
   * What the model is made of.
   *
   * @default - not known before the deployment, which then checks it
   */
  readonly modelFormat?: ModelFormat;

  /**
   * Key of the version's manifest.json.
   *
   * @attribute
   * @default - not known before the deployment: `pointer` tells it
   */
  readonly manifestKey?: string;

  /**
   * SHA-256 of the manifest, in lower-case hexadecimal.
   *
   * @attribute
   * @default - the manifest is taken as it is
   */
  readonly manifestSha256?: string;

  /**
   * What an optimizer wrote into an SSM parameter: `{"manifestKey": …, "manifestSha256": …}`.
   *
   * @attribute
   * @default - the artifact is named by its manifest's key
   */
  readonly pointer?: string;

  /**
   * Lets a principal read the model's files, and nothing else in the bucket.
   *
   * @param grantee who may read
   */
  grantRead(grantee: iam.IGrantable): iam.Grant;
}
