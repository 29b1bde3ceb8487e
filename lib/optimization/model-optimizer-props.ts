import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ModelSource } from '../model/model-source';
import type { ModelFormat } from '../model/published-model';
import type { OptimizationOptions } from './optimization-options';

/** Properties of a model's optimization. */
export interface ModelOptimizerProps extends OptimizationOptions {
  /** The model to optimize. */
  readonly model: ModelSource;

  /**
   * The model's name in requests, in the directory of a server and in the manifest: at most 63 letters, digits, underscores, hyphens and dots.
   *
   * @default - the construct's id in lower case, with hyphens for what is not a letter or digit
   */
  readonly modelName?: string;

  /**
   * Format to publish the model in.
   *
   * @default ModelFormat.LITERT
   */
  readonly format?: ModelFormat;

  /**
   * Processor that will serve the model. The optimization runs on it too, to prove that the model works there.
   *
   * @default Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * Name of an SSM parameter to write the published version to, for `ModelArtifact.fromParameter` in other stacks. This stack cannot read it.
   *
   * @default - no parameter is written
   */
  readonly pointerParameterName?: string;

  /**
   * Image of TensorFlow Serving whose program is published with the model, for a `ModelFleet` that serves it with `ModelSource.fromArtifact`.
   *
   * The optimization takes tensorflow_model_server out of the image over the registry's HTTP API, and publishes it only after it has loaded the optimized
   * model and answered as the optimizer expects. Such as tensorflow/serving:2.20.0, with a tag that stays, or a digest.
   *
   * @default - no server is published
   */
  readonly serverImage?: string;

  /**
   * The ECR repository of `serverImage`, so that the optimization may pull from it.
   *
   * @default - the image is pulled anonymously, or with the registry's account in `buildEnvironment`
   */
  readonly serverRepository?: ecr.IRepository;
}
