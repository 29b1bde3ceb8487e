import type { Stack } from 'aws-cdk-lib';
import { CfnOutput } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IModelEndpoint, ModelOptimizer, OptimizationOptions } from '../lib';
import { EvaluationData, ModelArtifact, ModelSource } from '../lib';
import type { ExampleStackProps } from './example-stack-props';

/** Returns an endpoint's model: a published one, or one to optimize, with the options for it. */
export function exampleModel(stack: Stack, props: ExampleStackProps): OptimizationOptions & { model: ModelSource; modelName?: string } {
  const { modelName, published } = props;
  if (published) {
    const bucket = s3.Bucket.fromBucketName(stack, 'PublishedModels', published.bucketName);
    const artifact = ModelArtifact.fromBucket(stack, 'PublishedModel', { bucket, manifestKey: published.manifestKey });
    return { modelName, model: ModelSource.fromArtifact(artifact) };
  }
  return {
    modelName,
    model: ModelSource.fromAsset(props.model, { inputShapes: props.inputShapes }),
    evaluation: props.evaluation ? EvaluationData.fromAsset(props.evaluation) : undefined,
    labelsFile: props.labelsFile,
    recipe: props.recipe,
    gate: props.gate,
  };
}

/** Adds outputs that say where the model and its report are. A published model has its report where it was published. */
export function exampleOutputs(stack: Stack, endpoint: IModelEndpoint & { optimizer?: ModelOptimizer }): void {
  new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
  if (endpoint.optimizer) {
    new CfnOutput(stack, 'ManifestKey', { value: endpoint.optimizer.manifestKey });
    new CfnOutput(stack, 'ReportKey', { value: endpoint.optimizer.reportKey });
    new CfnOutput(stack, 'Summary', { value: endpoint.optimizer.summary });
    new CfnOutput(stack, 'Isolation', { value: endpoint.optimizer.isolation });
  }
}
