import { Stack } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ArtifactReference } from '../model/artifact-reference';
import { referenceOf } from '../model/artifact-reference';
import type { ModelSource } from '../model/model-source';
import type { IModelArtifact, ModelFormat } from '../model/published-model';
import { checkModelName } from './model-name';
import { ModelOptimizer } from './model-optimizer';
import type { ModelOptimizerProps } from './model-optimizer-props';
import { checkModelOptimizer } from './optimization-checks';
import type { OptimizationOptions } from './optimization-options';

/** An endpoint's requirements for its model. */
export interface ArtifactForProps extends OptimizationOptions {
  readonly model: ModelSource;
  readonly modelName: string;
  readonly format: ModelFormat;
  readonly architecture: lambda.Architecture;
  /** Image to take the server program from, and its ECR repository. */
  readonly serverImage?: string;
  readonly serverRepository?: ecr.IRepository;
  /** The endpoint sets `serverImage`, but may resolve it only after the checks. */
  readonly takesServerFromImage?: boolean;
  /** The endpoint runs the server that is published with the model. */
  readonly requiresServer?: boolean;
  /** The endpoint reads the model file by file, not as a compressed archive. */
  readonly isReadByFile?: boolean;
}

/** The properties that do not apply to a published model. */
const OPTIMIZATION_OPTIONS: Record<keyof OptimizationOptions, true> = {
  recipe: true, evaluation: true, gate: true, onRefusal: true, attempt: true, imageInput: true, tasks: true, labels: true, labelsFile: true, seed: true,
  warmup: true, warmupRecords: true, artifactBucket: true,
  artifactPrefix: true, artifactRemovalPolicy: true, retention: true, encryptionKey: true, signingKey: true,
  unsignedVersions: true, computeType: true, buildImage: true, buildVpc: true, buildVpcSubnets: true, buildSecurityGroups: true, packageIndexUrl: true,
  buildEnvironment: true, buildRole: true, optimizationTimeout: true,
};
const OPTION_NAMES = Object.keys(OPTIMIZATION_OPTIONS) as (keyof OptimizationOptions)[];

/** Returns all problems of an endpoint's model, which the endpoint reports together with its own. */
export function checkArtifactFor(scope: Construct, id: string, props: ArtifactForProps): string[] {
  const artifact = props.model._artifact;
  return artifact === undefined
    ? checkModelOptimizer(scope, id, optimizerProps(props), props.isReadByFile)
    : [...checkModelName(props.modelName), ...artifactProblems(scope, artifact, props), ...uselessOptions(props)];
}

/**
 * Returns the published model that an endpoint serves: the one its source names, or one from the endpoint's own optimizer.
 *
 * Call it only if `checkArtifactFor` found no problems.
 */
export function artifactFor(scope: Construct, id: string, props: ArtifactForProps): IModelArtifact {
  return props.model._artifact ?? new ModelOptimizer(scope, id, optimizerProps(props));
}

function artifactProblems(scope: Construct, artifact: IModelArtifact, props: ArtifactForProps): string[] {
  const { format, architecture: { name: architecture }, requiresServer } = props;
  const reference: ArtifactReference | undefined = referenceOf(artifact);
  const who = `the model ${JSON.stringify(artifact.node.path)}`;
  if (reference === undefined) {
    return [`${who} must be a ModelOptimizer, or imported with ModelArtifact.fromBucket or fromParameter`];
  }
  const problems: string[] = [];
  if (Stack.of(artifact) !== Stack.of(scope)) {
    problems.push(`${who} belongs to another stack, and CloudFormation refuses to change what one stack exports while another uses it: `
      + 'give its ModelOptimizer a pointerParameterName, and serve ModelArtifact.fromParameter(…) made in this stack; '
      + 'in another Region or account, give this stack an optimizer of its own');
  }
  if (reference.format !== undefined && reference.format !== format) {
    problems.push(`${who} is published as ${reference.format}, and ${format} is needed here: `
      + `publish it with the format ${format}, or give this endpoint the model's source instead`);
  }
  if (reference.architecture !== undefined && reference.architecture !== architecture) {
    problems.push(`${who} is optimized for and proved on ${reference.architecture}, and this endpoint runs on ${architecture}: `
      + 'give both the same architecture');
  }
  if (requiresServer && reference.hasServer === false) {
    problems.push(`${who} is published without a server, and this endpoint runs the one that is published with its model: `
      + 'give its ModelOptimizer a serverImage, or this endpoint a servingBinary with ServingBinary.fromBucket(…) or fromAsset(…)');
  }
  return problems;
}

function uselessOptions(props: ArtifactForProps): string[] {
  const useless = OPTION_NAMES.filter((name) => props[name] !== undefined)
    .map((name) => `${name} has no effect on a model that is published already: give it to the ModelOptimizer that makes the model, or leave it out`);
  return !props.takesServerFromImage ? useless : [...useless, 'servingBinary takes its program from the image when the model is optimized, and this model is '
    + 'published already: leave servingBinary out to run the server that is published with it, or use ServingBinary.fromBucket(…) or fromAsset(…)'];
}

/** Picks the optimizer's properties: an endpoint may have others with the same names. */
function optimizerProps(props: ArtifactForProps): ModelOptimizerProps {
  const options: OptimizationOptions = Object.fromEntries(OPTION_NAMES.map((name) => [name, props[name]]));
  const { model, modelName, format, architecture, serverImage, serverRepository } = props;
  return { ...options, model, modelName, format, architecture, serverImage, serverRepository };
}
