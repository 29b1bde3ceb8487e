import { Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { referenceOf, setReference } from '../../model/artifact-reference';
import type { IModelArtifact, ModelFormat } from '../../model/published-model';
import { failIfAny, lit } from '../../private/errors';
import { checkPattern } from '../../private/validation';
import { grantArtifactRead } from './artifact-access';
import { leasePattern } from './artifact-leases';
import { checkSigningKey } from './signing-key';

/** Keys of published models under any prefix, which is known only during the deployment. */
const ANY_MODEL = ['litert', 'saved_model', 'archive', 'golden', 'keys'].map((directory) => `*/${directory}/*`);

/** Imports models that were published by another stack or from the command line. */
export class ModelArtifact {
  /**
   * Imports a version from a bucket.
   *
   * @param scope where the import belongs: the stack that serves the model
   * @param id name of the import in its scope
   * @param options the bucket, and the version's manifest
   */
  public static fromBucket(scope: Construct, id: string, options: ModelArtifactFromBucketOptions): IModelArtifact {
    const artifact = new ImportedArtifact(scope, id, options.bucket);
    importByKey(artifact, options);
    return artifact;
  }

  /**
   * Imports the version that a parameter points to. Each deployment reads the parameter before it changes any resource, so another stack, deployed
   * first, must write it.
   *
   * @param scope where the import belongs: the stack that serves the model
   * @param id name of the import in its scope
   * @param options the bucket, and the parameter's name
   */
  public static fromParameter(scope: Construct, id: string, options: ModelArtifactFromParameterOptions): IModelArtifact {
    const artifact = new ImportedArtifact(scope, id, options.bucket);
    importByPointer(artifact, options);
    return artifact;
  }

  private constructor() {}
}

class ImportedArtifact extends Construct implements IModelArtifact {
  constructor(scope: Construct, id: string, public readonly bucket: s3.IBucket) {
    super(scope, id);
  }

  public grantRead(grantee: iam.IGrantable): iam.Grant {
    return grantArtifactRead(grantee, this.bucket, referenceOf(this)!.keyPatterns);
  }
}

function importByKey(artifact: IModelArtifact, { manifestKey, manifestSha256, signingKey, lease = true }: ModelArtifactFromBucketOptions): void {
  failIfAny(lit`InvalidModelArtifact`, [
    ...checkPattern('manifestKey', manifestKey, /^[^/].*\/(litert|saved_model)\/[1-9]\d*\/manifest\.json$/,
      'the key of a published manifest, <prefix>/litert/<version>/manifest.json or <prefix>/saved_model/<version>/manifest.json'),
    ...checkPattern('manifestSha256', manifestSha256, /^[0-9a-f]{64}$/, 'a SHA-256 of 64 lower-case hexadecimal digits'),
    ...checkSigningKey(signingKey),
  ], artifact);
  const [, prefix, format] = /^(.+)\/(litert|saved_model)\/[^/]+\/manifest\.json$/.exec(manifestKey) ?? [];
  setReference(artifact, {
    manifestKey,
    manifestSha256,
    signingKey,
    format: format as ModelFormat | undefined,
    leasePattern: lease ? leasePattern(prefix ?? '*') : undefined,
    keyPatterns: prefix === undefined ? ANY_MODEL : [`${prefix}/*`],
  });
}

function importByPointer(artifact: IModelArtifact, { parameterName, signingKey, lease = true }: ModelArtifactFromParameterOptions): void {
  failIfAny(lit`InvalidModelArtifact`, [
    ...checkPattern('parameterName', parameterName, /^[a-zA-Z0-9_.\-/]+$/, 'the name of an SSM parameter, not its address'),
    ...checkSigningKey(signingKey),
  ], artifact);
  setReference(artifact, {
    pointer: ssm.StringParameter.valueForStringParameter(artifact, parameterName),
    signingKey,
    leasePattern: lease ? leasePattern('*') : undefined,
    keyPatterns: ANY_MODEL,
  });
  artifact.node.addValidation({ validate: () => pointerProblems(artifact, parameterName) });
}

/** CloudFormation reads the parameter before it creates or updates any resource of the stack, so the stack cannot write it too. */
function pointerProblems(artifact: IModelArtifact, parameterName: string): string[] {
  const stack = Stack.of(artifact);
  const writer = stack.node.findAll().find((it) => it instanceof ssm.CfnParameter && it.name === parameterName && Stack.of(it) === stack);
  return writer === undefined ? [] : [`parameterName must be of a parameter that another stack writes, got ${JSON.stringify(parameterName)}, which `
    + `${JSON.stringify(writer.node.path)} of this stack writes: the deployment would read it too early. Serve the optimizer itself with `
    + 'ModelSource.fromArtifact(optimizer), or move it to a stack of its own that this one depends on'];
}

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
   * Write a lease next to the model in the deployment, which keeps what is served here from being pruned. It needs to write below `leases/` there.
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
   * Write a lease next to the model in the deployment, which keeps what is served here from being pruned. It needs to write below `leases/` there.
   *
   * Without one, versions disappear while they are served if the `ModelOptimizer` that publishes them has `retention`.
   *
   * @default true
   */
  readonly lease?: boolean;
}
