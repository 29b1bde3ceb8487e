import { basename } from 'path';
import { Token, Validations } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import type { IDeliveredModel } from './delivered-model';
import { readDelivered } from './delivery-source';
import type { IModelArtifact } from './model-artifact';
import type { SourceKind } from './model-inspection';
import { holdsWeightsOnly, inspectModel, kindOfName, MODEL_EXTENSIONS } from './model-inspection';
import type { ModelSourceOptions, BucketModelSourceOptions } from './model-source-options';
import type { StoredObject } from './stored-object';
import { checkReference, storeAsset, storeReference } from './stored-object';

const LARGE_MODEL_BYTES = 500_000_000;

/** The source of a model. */
export abstract class ModelSource {
  /**
   * A local model, uploaded with the app's other assets: a SavedModel directory, or a .keras, .h5 or .tflite file.
   *
   * @param path relative to the working directory of the CDK app
   * @param options what the model itself does not contain
   */
  public static fromAsset(path: string, options: ModelSourceOptions = {}): ModelSource {
    return new AssetSource(path, options);
  }

  /**
   * A model in a bucket.
   *
   * @param bucket the bucket, in the same Region or another
   * @param key of a .keras, .h5, .tflite or .zip file, or the prefix of a SavedModel's files, with a slash at the end
   * @param options what the model itself does not contain, and what identifies its content
   */
  public static fromBucket(bucket: s3.IBucket, key: string, options: BucketModelSourceOptions = {}): ModelSource {
    return new BucketSource(bucket, key, options);
  }

  /**
   * A published model, from an optimizer of this stack or imported with `ModelArtifact`.
   *
   * @param artifact the published model
   */
  public static fromArtifact(artifact: IModelArtifact): ModelSource {
    return new ArtifactSource(artifact);
  }

  /**
   * The model that was uploaded last to a delivery, or the version that it goes back to. An upload then becomes live without a deployment by a person.
   *
   * @param delivery of another stack, which names this one in its `stackNames`
   * @param options what the model itself does not contain
   */
  public static fromDelivery(delivery: IDeliveredModel, options: ModelSourceOptions = {}): ModelSource {
    return new DeliverySource(delivery, options);
  }

  /** @internal */
  public readonly _artifact?: IModelArtifact;

  /** @internal */
  public abstract readonly _kind: SourceKind | undefined;

  /** @internal */
  public abstract readonly _options: ModelSourceOptions;

  /** @internal */
  public abstract _problems(): string[];

  /** Of a local model. @internal */
  public get _sizeBytes(): number | undefined {
    return undefined;
  }

  /** The delivery that says which object version to build, or what to serve instead. @internal */
  public readonly _delivery?: IDeliveredModel;

  /** Uploads or references the model and adds its warnings. Call it only if `_problems()` found none. @internal */
  public abstract _bind(scope: Construct): StoredObject;
}

class AssetSource extends ModelSource {
  private inspected?: ReturnType<typeof inspectModel>;

  constructor(private readonly path: string, public readonly _options: ModelSourceOptions) {
    super();
  }

  public get _kind() {
    return this.inspection.kind;
  }

  public override get _sizeBytes() {
    return this.inspection.sizeBytes;
  }

  public _problems() {
    return [...this.inspection.problems, ...optionProblems(this._options, this._kind)];
  }

  public _bind(scope: Construct) {
    if (this.inspection.sizeBytes > LARGE_MODEL_BYTES) {
      const megabytes = Math.round(this.inspection.sizeBytes / 1e6);
      Validations.of(scope).addWarning('cdk-tensorflow:LargeModelAsset', `the model ${JSON.stringify(this.path)} has ${megabytes} MB, `
        + 'which every synthesis hashes and the first deployment uploads: put it into a bucket once and use ModelSource.fromBucket');
    }
    return storeAsset(scope, 'Model', this.path);
  }

  /** Cached: several endpoints may share a source, and a large model takes time to read. */
  private get inspection() {
    return this.inspected ??= inspectModel(this.path);
  }
}

class BucketSource extends ModelSource {
  constructor(private readonly bucket: s3.IBucket, private readonly key: string, public readonly _options: BucketModelSourceOptions) {
    super();
  }

  public get _kind() {
    return this.key.endsWith('/') ? undefined : kindOfName(this.key);
  }

  public _problems() {
    const problems = [
      ...checkReference('key', this.key, this.versions, MODEL_EXTENSIONS),
      ...optionProblems(this._options, this._kind),
    ];
    if (!Token.isUnresolved(this.key) && holdsWeightsOnly(basename(this.key))) {
      problems.push(`${JSON.stringify(this.key)} holds weights without a model: load them into the model and call model.export(directory)`);
    }
    return problems;
  }

  public _bind(scope: Construct) {
    if (this._options.objectVersion === undefined && this._options.revision === undefined) {
      Validations.of(scope).addWarning('cdk-tensorflow:UnversionedModel', `CloudFormation does not notice when ${JSON.stringify(this.key)} changes: `
        + 'give objectVersion, or revision with a text that changes when the model does');
    }
    return storeReference(this.bucket, this.key, this.versions);
  }

  private get versions() {
    return { objectVersion: this._options.objectVersion, revision: this._options.revision };
  }
}

class DeliverySource extends ModelSource {
  constructor(public override readonly _delivery: IDeliveredModel, public readonly _options: ModelSourceOptions) {
    super();
  }

  public get _kind() {
    return kindOfName(this._delivery.key);
  }

  /** The delivery has checked its key. */
  public _problems() {
    return optionProblems(this._options, this._kind);
  }

  public _bind(scope: Construct) {
    const objectVersion = readDelivered(scope, this._delivery, this._delivery.sourceParameterName);
    return storeReference(this._delivery.bucket, this._delivery.key, { objectVersion });
  }
}

class ArtifactSource extends ModelSource {
  public readonly _kind = undefined;
  public readonly _options = {};

  constructor(public override readonly _artifact: IModelArtifact) {
    super();
  }

  public _problems() {
    return ['ModelSource.fromArtifact(…) is optimized and published already: give ModelOptimizer a model from ModelSource.fromAsset or fromBucket'];
  }

  public _bind(scope: Construct): StoredObject {
    failIfAny(lit`PublishedModel`, this._problems(), scope);
    return undefined as never; // there always is a problem
  }
}

function optionProblems(options: ModelSourceOptions, kind: SourceKind | undefined): string[] {
  const problems: string[] = [];
  for (const [input, shape] of Object.entries(options.inputShapes ?? {})) {
    // -1 leaves the batch dimension open; any other dimension must be a number.
    const fits = shape.every((size, index) => Token.isUnresolved(size) || (Number.isInteger(size) && (size > 0 || (index === 0 && size === -1))));
    if (input === '' || !fits) {
      problems.push(`inputShapes[${JSON.stringify(input)}] must be a shape of positive whole numbers (-1 for the batch) under the name of an input, `
        + `got ${JSON.stringify(shape)}`);
    }
  }
  if (options.inputShapes && Object.keys(options.inputShapes).length === 0) {
    problems.push('inputShapes must name at least one input, got {}: leave it out to take the model\'s own shapes');
  }
  if (options.signatureName === '') {
    problems.push('signatureName must not be empty: leave it out to keep all signatures');
  }
  if (options.tags?.some((tag) => tag === '')) {
    problems.push(`tags must be the names of a SavedModel's tags, got ${JSON.stringify(options.tags)}`);
  }
  for (const name of ['signatureName', 'tags'] as const) {
    if (options[name] !== undefined && (kind === 'keras' || kind === 'h5')) {
      problems.push(`${name} has no effect on a Keras file, which has one signature and no tags: leave it out`);
    }
  }
  if (kind === 'tflite' && options.tags !== undefined) {
    problems.push('tags has no effect on a .tflite file: leave it out');
  }
  return problems;
}
