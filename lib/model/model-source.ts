import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IDeliveredModel } from './delivered-model';
import type { ModelSourceOptions, BucketModelSourceOptions } from './model-source-options';
import type { OriginalModel } from './original-model';
import { AssetModel, BucketModel, DeliveryModel } from './original-model';
import type { IModelArtifact } from './published-model';

/** The source of a model. */
export class ModelSource {
  /**
   * A local model, uploaded with the app's other assets: a SavedModel directory, or a .keras, .h5 or .tflite file.
   *
   * @param path relative to the working directory of the CDK app
   * @param options what the model itself does not contain
   */
  public static fromAsset(path: string, options: ModelSourceOptions = {}): ModelSource {
    return new ModelSource(new AssetModel(path, options));
  }

  /**
   * A model in a bucket.
   *
   * @param bucket the bucket, in the same Region or another
   * @param key of a .keras, .h5, .tflite or .zip file, or the prefix of a SavedModel's files, with a slash at the end
   * @param options what the model itself does not contain, and what identifies its content
   */
  public static fromBucket(bucket: s3.IBucket, key: string, options: BucketModelSourceOptions = {}): ModelSource {
    return new ModelSource(new BucketModel(bucket, key, options));
  }

  /**
   * A published model, from an optimizer of this stack or imported with `ModelArtifact`.
   *
   * @param artifact the published model
   */
  public static fromArtifact(artifact: IModelArtifact): ModelSource {
    return new ModelSource(undefined, artifact);
  }

  /**
   * The model that was uploaded last to a delivery, or the version that it goes back to. An upload then becomes live without a deployment by a person.
   *
   * @param delivery of another stack, which names this one in its `stackNames`
   * @param options what the model itself does not contain
   */
  public static fromDelivery(delivery: IDeliveredModel, options: ModelSourceOptions = {}): ModelSource {
    return new ModelSource(new DeliveryModel(delivery, options));
  }

  private constructor(
    /** The model to optimize; undefined for a published one. @internal */
    public readonly _original: OriginalModel | undefined,
    /** The published model. @internal */
    public readonly _artifact?: IModelArtifact,
  ) {}
}
