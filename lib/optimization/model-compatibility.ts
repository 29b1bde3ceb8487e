import { CustomResource, Stack, Token } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact, ModelFormat } from '../model/published-model';
import { isOfAnyModel, prunedPattern } from './artifact/artifact-leases';
import { BuildProvider, CHECK_TIMEOUT } from './build/build-provider';
import { SERVER_PREFIX } from './build/server-image';

/** A runtime that a function offers its model. */
export interface OfferedRuntime {
  readonly layerArn: string;
  /** Unzipped size of the layer, if known: Lambda adds it to the model's. */
  readonly layerBytes?: number;
  /** Lambda's name for the runtime. */
  readonly functionRuntime: string;
}

/** An endpoint's offer to a model, which the deployment compares with the model's requirements. */
export interface EndpointOffer {
  readonly endpoint: 'function' | 'service' | 'fleet';
  /** Endpoint that gets the model if the function answers alike. Such a function takes the memory that its model needs, up to `memoryMebibytes`. */
  readonly replayOf?: 'service' | 'fleet';
  readonly format: ModelFormat;
  readonly architecture: lambda.Architecture;
  readonly memoryMebibytes?: number;
  readonly timeoutSeconds?: number;
  /** Chosen by the user. */
  readonly runtime?: 'native' | 'numpy';
  readonly runtimes?: { readonly native?: OfferedRuntime; readonly numpy?: OfferedRuntime };
  /** Unzipped sizes of everything else, if known. */
  readonly partBytes?: { [part: string]: number };
  readonly cpuFeatures?: string[];
  /** Copies of the model that the LiteRT server holds, memory permitting. */
  readonly copies?: number;
  /** The endpoint runs the server that is published with the model. */
  readonly requiresServer?: boolean;
}

/**
 * Checks during the deployment that an endpoint can serve a published model, and returns the facts needed to serve it.
 *
 * Otherwise the deployment fails with one sentence.
 */
export class ModelCompatibility extends Construct {
  public readonly version: string;
  /** Prefix of the version's files, with a slash at the end. */
  public readonly keyPrefix: string;
  public readonly manifestKey: string;
  public readonly manifestSha256: string;
  /** SHA-256 of SHA256SUMS. */
  public readonly checksumsSha256: string;
  public readonly layerKey: string;
  public readonly layerObjectVersion: string;
  /** SHA-256 of layer.zip; empty for a SavedModel. */
  public readonly layerSha256: string;
  public readonly runtimeLayerArn: string;
  /** Lambda's name for the runtime. */
  public readonly functionRuntime: string;
  public readonly archiveKey: string;
  public readonly archiveSha256: string;
  public readonly goldenKey: string;
  public readonly goldenSha256: string;
  public readonly serverKey: string;
  public readonly serverSha256: string;
  /** Memory request of a pod, such as 640Mi. */
  public readonly memoryRequest: string;
  /** Memory of a function with `replayOf`, in MiB. */
  public readonly functionMemory: number;
  /** The custom resource, for dependencies. */
  public readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: { artifact: IModelArtifact; offer: EndpointOffer }) {
    super(scope, id);
    const { artifact, offer } = props;
    const { manifestKey, manifestSha256, pointer, keyPatterns, signingKey, leasePattern } = referenceOf(artifact)!;
    const provider = BuildProvider.of(this);
    const grant = provider.allowHistory(artifact.bucket, keyPatterns);
    const server = offer.requiresServer ? [provider.allowRead(artifact.bucket, [`${SERVER_PREFIX}/*`])] : [];
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::TensorFlowModelCompatibility',
      serviceToken: provider.serviceToken,
      serviceTimeout: CHECK_TIMEOUT,
      properties: {
        Mode: 'compatibility',
        Bucket: artifact.bucket.bucketName,
        ...pointer === undefined ? { ManifestKey: manifestKey, ManifestSha256: manifestSha256 ?? '' } : { Pointer: pointer },
        ...signingKey && { SigningKey: signingKey.keyArn },
        ...leasePattern !== undefined && { Lease: 'true' },
        Offer: Stack.of(this).toJsonString({ ...offer, architecture: offer.architecture.name }),
      },
    });
    this.resource.node.addDependency(provider, grant, ...server);
    if (leasePattern !== undefined) {
      this.resource.node.addDependency(provider.allowLease(artifact.bucket, leasePattern));
    }
    if (leasePattern !== undefined && isOfAnyModel(leasePattern)) {
      this.resource.node.addDependency(provider.allowRead(artifact.bucket, [leasePattern, prunedPattern('*')]));
    }
    if (signingKey) {
      this.resource.node.addDependency(provider.allowVerifying(signingKey));
    }

    this.version = this.resource.getAttString('Version');
    this.keyPrefix = this.resource.getAttString('KeyPrefix');
    this.manifestKey = this.resource.getAttString('ManifestKey');
    this.manifestSha256 = this.resource.getAttString('ManifestSha256');
    this.checksumsSha256 = this.resource.getAttString('ChecksumsSha256');
    this.layerKey = this.resource.getAttString('LayerKey');
    this.layerObjectVersion = this.resource.getAttString('LayerObjectVersion');
    this.layerSha256 = this.resource.getAttString('LayerSha256');
    this.runtimeLayerArn = this.resource.getAttString('RuntimeLayerArn');
    this.functionRuntime = this.resource.getAttString('FunctionRuntime');
    this.archiveKey = this.resource.getAttString('ArchiveKey');
    this.archiveSha256 = this.resource.getAttString('ArchiveSha256');
    this.goldenKey = this.resource.getAttString('GoldenKey');
    this.goldenSha256 = this.resource.getAttString('GoldenSha256');
    this.serverKey = this.resource.getAttString('ServerKey');
    this.serverSha256 = this.resource.getAttString('ServerSha256');
    this.memoryRequest = this.resource.getAttString('MemoryRequest');
    this.functionMemory = Token.asNumber(this.resource.getAtt('FunctionMemory'));
  }
}
