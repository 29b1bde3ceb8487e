import { CustomResource, Stack } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { ArtifactReference } from '../model/artifact-reference';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/model-artifact';
import type { ModelFormat } from '../model/model-format';
import type { ModelSource } from '../model/model-source';
import { failIfAny, lit } from '../private/errors';
import { BuildProvider } from './build-provider';
import type { ModelOptimizerProps } from './model-optimizer';
import { ModelOptimizer } from './model-optimizer';
import { checkModelOptimizer } from './optimization-checks';
import type { OptimizationOptions } from './optimization-options';
import { SERVER_PREFIX } from './server-image';

/** What an endpoint asks of its model. */
export interface ArtifactForProps extends OptimizationOptions {
  readonly source: ModelSource;
  readonly modelName: string;
  readonly format: ModelFormat;
  readonly architecture: lambda.Architecture;
  /** Image that the server's program is taken out of, and its ECR repository. */
  readonly serverImage?: string;
  readonly serverRepository?: ecr.IRepository;
  /** The endpoint runs the server that is published with the model. */
  readonly requiresServer?: boolean;
  /** The endpoint reads the model file by file, not compressed in one archive. */
  readonly isReadByFile?: boolean;
}

/** What an endpoint offers a model, to be compared with what the model needs when it is deployed. */
export interface FitOffer {
  readonly endpoint: 'function' | 'service' | 'fleet';
  readonly format: ModelFormat;
  readonly architecture: lambda.Architecture;
  readonly memoryMebibytes?: number;
  readonly timeoutSeconds?: number;
  /** Forced by the user. */
  readonly runtime?: 'nano' | 'numpy';
  /** A hook imports it. */
  readonly requiresNumpy?: boolean;
  readonly nanoLayerArn?: string;
  readonly numpyLayerArn?: string;
  /** Unzipped sizes, where they are known: Lambda counts them together with the model's. */
  readonly nanoLayerBytes?: number;
  readonly numpyLayerBytes?: number;
  readonly partBytes?: { [part: string]: number };
  readonly cpuFeatures?: string[];
  /** It runs the server that is published with the model. */
  readonly requiresServer?: boolean;
}

/** Everything that only a model to optimize can have: names of OptimizationOptions. */
const OPTIMIZATION_OPTIONS: (keyof OptimizationOptions)[] = [
  'recipe', 'evaluation', 'gate', 'tasks', 'labels', 'labelsFile', 'seed', 'warmup', 'warmupRecords', 'artifactBucket', 'encryptionKey', 'computeType',
  'buildImage', 'buildVpc', 'buildVpcSubnets', 'buildSecurityGroups', 'packageIndexUrl', 'buildEnvironment', 'buildRole', 'optimizationTimeout',
];

/** All problems of an endpoint's model, for an endpoint that reports them together with its own. */
export function checkArtifactFor(scope: Construct, id: string, props: ArtifactForProps): string[] {
  const artifact = props.source._artifact;
  return artifact === undefined
    ? checkModelOptimizer(scope, id, optimizerProps(props), props.isReadByFile)
    : [...artifactProblems(scope, artifact, props), ...uselessOptions(props)];
}

/** The published model that an endpoint serves: the one that its source names, or one made for it by an optimizer of its own. */
export function artifactFor(scope: Construct, id: string, props: ArtifactForProps): IModelArtifact {
  failIfAny(lit`InvalidModelArtifact`, checkArtifactFor(scope, id, props), scope);
  return props.source._artifact ?? new ModelOptimizer(scope, id, optimizerProps(props));
}

/** Fits a published model to an endpoint when it is deployed: one sentence where it does not fit, and what the endpoint needs where it does. */
export class ModelFit extends Construct {
  public readonly version: string;
  /** Prefix of the version's files, with a slash at its end. */
  public readonly keyPrefix: string;
  public readonly manifestKey: string;
  public readonly manifestSha256: string;
  /** SHA-256 of SHA256SUMS; empty for LiteRT. */
  public readonly checksumsSha256: string;
  public readonly layerKey: string;
  public readonly layerObjectVersion: string;
  public readonly runtime: string;
  public readonly runtimeLayerArn: string;
  public readonly archiveKey: string;
  public readonly archiveSha256: string;
  public readonly goldenKey: string;
  public readonly serverKey: string;
  public readonly serverSha256: string;
  public readonly sizeBytes: string;
  public readonly reportKey: string;
  public readonly buildUrl: string;
  public readonly summary: string;
  /** Memory that a pod must ask for, such as 640Mi. */
  public readonly memoryRequest: string;
  /** The custom resource: what depends on the fit depends on it. */
  public readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: { artifact: IModelArtifact; offer: FitOffer }) {
    super(scope, id);
    const { artifact, offer } = props;
    failIfAny(lit`InvalidModelArtifact`, artifactProblems(this, artifact, offer), this);
    const { manifestKey, manifestSha256, pointer, keyPatterns } = referenceOf(artifact)!;
    const provider = BuildProvider.of(this);
    const grant = provider.allowRead(artifact.bucket, offer.requiresServer ? [...keyPatterns, `${SERVER_PREFIX}/*`] : keyPatterns);
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::TensorFlowModelFit',
      serviceToken: provider.serviceToken,
      properties: {
        Mode: 'fit',
        Bucket: artifact.bucket.bucketName,
        ...pointer === undefined ? { ManifestKey: manifestKey, ManifestSha256: manifestSha256 ?? '' } : { Pointer: pointer },
        Offer: Stack.of(this).toJsonString({ ...offer, architecture: offer.architecture.name }),
      },
    });
    this.resource.node.addDependency(provider, grant);

    this.version = this.resource.getAttString('Version');
    this.keyPrefix = this.resource.getAttString('KeyPrefix');
    this.manifestKey = this.resource.getAttString('ManifestKey');
    this.manifestSha256 = this.resource.getAttString('ManifestSha256');
    this.checksumsSha256 = this.resource.getAttString('ChecksumsSha256');
    this.layerKey = this.resource.getAttString('LayerKey');
    this.layerObjectVersion = this.resource.getAttString('LayerObjectVersion');
    this.runtime = this.resource.getAttString('Runtime');
    this.runtimeLayerArn = this.resource.getAttString('RuntimeLayerArn');
    this.archiveKey = this.resource.getAttString('ArchiveKey');
    this.archiveSha256 = this.resource.getAttString('ArchiveSha256');
    this.goldenKey = this.resource.getAttString('GoldenKey');
    this.serverKey = this.resource.getAttString('ServerKey');
    this.serverSha256 = this.resource.getAttString('ServerSha256');
    this.sizeBytes = this.resource.getAttString('SizeBytes');
    this.reportKey = this.resource.getAttString('ReportKey');
    this.buildUrl = this.resource.getAttString('BuildUrl');
    this.summary = this.resource.getAttString('Summary');
    this.memoryRequest = this.resource.getAttString('MemoryRequest');
  }
}

type Need = Pick<FitOffer, 'format' | 'architecture' | 'requiresServer'>;

function artifactProblems(scope: Construct, artifact: IModelArtifact, { format, architecture: { name: architecture }, requiresServer }: Need): string[] {
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
      + `publish it with modelFormat ${format}, or give this endpoint the model's source instead`);
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
  const useless = OPTIMIZATION_OPTIONS.filter((name) => props[name] !== undefined)
    .map((name) => `${name} has no effect on a model that is published already: give it to the ModelOptimizer that makes the model, or leave it out`);
  return props.serverImage === undefined ? useless : [...useless, 'servingBinary takes its program from the image when the model is optimized, and this model is '
    + 'published already: leave servingBinary out to run the server that is published with it, or use ServingBinary.fromBucket(…) or fromAsset(…)'];
}

/** Not the endpoint's other properties, which may have the same names as the optimizer's. */
function optimizerProps(props: ArtifactForProps): ModelOptimizerProps {
  const options: OptimizationOptions = Object.fromEntries(OPTIMIZATION_OPTIONS.map((name) => [name, props[name]]));
  const { source, modelName, format, architecture, serverImage, serverRepository } = props;
  return { ...options, model: source, modelName, modelFormat: format, architecture, serverImage, serverRepository };
}
