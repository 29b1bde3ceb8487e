import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { IModelArtifact } from '../model/model-artifact';
import { ModelFormat } from '../model/model-format';
import { failIfAny, lit } from '../private/errors';
import { checkPattern } from '../private/validation';
import { grantArtifactRead } from './artifact-access';

/** A published model, named by its manifest. */
export interface ModelArtifactFromBucketOptions {
  /** The bucket that holds the model. It must keep versions. */
  readonly bucket: s3.IBucket;

  /** Key of the version's manifest.json: `<prefix>/<format>/<version>/manifest.json`. */
  readonly manifestKey: string;

  /**
   * SHA-256 that the manifest must have, in lower-case hexadecimal.
   *
   * @default - the manifest is taken as it is
   */
  readonly manifestSha256?: string;
}

/** A published model, named by an SSM parameter. */
export interface ModelArtifactFromParameterOptions {
  /** The bucket that holds the model. It must keep versions. */
  readonly bucket: s3.IBucket;

  /** Name of the parameter that a `ModelOptimizer` writes when it has a `pointerParameterName`. */
  readonly parameterName: string;
}

/** Models that were published elsewhere: by another stack, or from the command line. */
export class ModelArtifact {
  /**
   * A version in a bucket.
   *
   * @param scope where the import belongs: the stack that serves the model
   * @param id name of the import in its scope
   * @param options the bucket, and the version's manifest
   */
  public static fromBucket(scope: Construct, id: string, options: ModelArtifactFromBucketOptions): IModelArtifact {
    return new BucketArtifact(scope, id, options);
  }

  /**
   * The version that a parameter points at. Each deployment reads the parameter again.
   *
   * @param scope where the import belongs: the stack that serves the model
   * @param id name of the import in its scope
   * @param options the bucket, and the parameter's name
   */
  public static fromParameter(scope: Construct, id: string, options: ModelArtifactFromParameterOptions): IModelArtifact {
    return new ParameterArtifact(scope, id, options);
  }

  private constructor() {}
}

class BucketArtifact extends Construct implements IModelArtifact {
  public readonly bucket: s3.IBucket;
  public readonly modelFormat?: ModelFormat;
  public readonly manifestKey: string;
  public readonly manifestSha256?: string;
  private readonly keyPatterns: string[];

  constructor(scope: Construct, id: string, options: ModelArtifactFromBucketOptions) {
    super(scope, id);
    failIfAny(lit`InvalidModelArtifact`, [
      ...checkPattern('manifestKey', options.manifestKey, /^[^/].*\/(litert|saved_model)\/[1-9]\d*\/manifest\.json$/,
        'the key of a published manifest, <prefix>/litert/<version>/manifest.json or <prefix>/saved_model/<version>/manifest.json'),
      ...checkPattern('manifestSha256', options.manifestSha256, /^[0-9a-f]{64}$/, 'a SHA-256 of 64 lower-case hexadecimal digits'),
    ], this);
    const [, prefix, format] = /^(.*)\/(litert|saved_model)\/[^/]+\/manifest\.json$/.exec(options.manifestKey) ?? [];
    this.bucket = options.bucket;
    this.manifestKey = options.manifestKey;
    this.manifestSha256 = options.manifestSha256;
    this.modelFormat = format as ModelFormat | undefined;
    this.keyPatterns = prefix === undefined ? anyModel() : [`${prefix}/*`];
  }

  public grantRead(grantee: iam.IGrantable): iam.Grant {
    return grantArtifactRead(grantee, this.bucket, this.keyPatterns);
  }

  /** @internal */
  public get _keyPatterns(): string[] {
    return this.keyPatterns;
  }
}

class ParameterArtifact extends Construct implements IModelArtifact {
  public readonly bucket: s3.IBucket;
  public readonly pointer: string;

  constructor(scope: Construct, id: string, options: ModelArtifactFromParameterOptions) {
    super(scope, id);
    failIfAny(lit`InvalidModelArtifact`, [
      ...checkPattern('parameterName', options.parameterName, /^[a-zA-Z0-9_.\-/]+$/, 'the name of an SSM parameter, not its address'),
    ], this);
    this.bucket = options.bucket;
    this.pointer = ssm.StringParameter.valueForStringParameter(this, options.parameterName);
  }

  public grantRead(grantee: iam.IGrantable): iam.Grant {
    return grantArtifactRead(grantee, this.bucket, this._keyPatterns);
  }

  /** @internal */
  public get _keyPatterns(): string[] {
    return anyModel();
  }
}

/** Where the model's prefix is known only when it is deployed: what models are published under, whatever their prefix. */
function anyModel(): string[] {
  return ['litert', 'saved_model', 'archive', 'golden', 'keys'].map((directory) => `*/${directory}/*`);
}

/** What a reader of an artifact reads, as keys; undefined where the artifact is a user's own class. */
export function keyPatternsOf(artifact: IModelArtifact): string[] {
  return (artifact as { _keyPatterns?: string[] })._keyPatterns ?? anyModel();
}
