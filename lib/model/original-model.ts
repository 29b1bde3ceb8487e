import { basename } from 'path';
import { Token, Validations } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { allowedOperationProblems } from './allowed-operations';
import type { IDeliveredModel } from './delivered-model';
import { readDelivered } from './delivery-source';
import type { SourceKind } from './model-inspection';
import { holdsWeightsOnly, inspectModel, kindOfName, MODEL_EXTENSIONS } from './model-inspection';
import type { ModelSourceOptions, BucketModelSourceOptions } from './model-source-options';
import type { StoredObject } from './stored-object';
import { checkReference, storeAsset, storeReference } from './stored-object';

const LARGE_MODEL_BYTES = 500_000_000;

/** A model as its author made it, to be optimized. */
export interface OriginalModel {
  readonly kind: SourceKind | undefined;
  readonly options: ModelSourceOptions;
  /** Size of a local model, in bytes. */
  readonly sizeBytes?: number;
  /** The delivery that says which object version to build, or what to serve instead. */
  readonly delivery?: IDeliveredModel;
  problems(): string[];
  /** Uploads or references the model and adds its warnings. Call it only if `problems()` found none. */
  bind(scope: Construct): StoredObject;
}

export class AssetModel implements OriginalModel {
  private inspected?: ReturnType<typeof inspectModel>;

  constructor(private readonly path: string, public readonly options: ModelSourceOptions) {}

  public get kind() {
    return this.inspection.kind;
  }

  public get sizeBytes() {
    return this.inspection.sizeBytes;
  }

  public problems() {
    return [...this.inspection.problems, ...optionProblems(this.options, this.kind)];
  }

  public bind(scope: Construct) {
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

export class BucketModel implements OriginalModel {
  constructor(private readonly bucket: s3.IBucket, private readonly key: string, public readonly options: BucketModelSourceOptions) {}

  public get kind() {
    return this.key.endsWith('/') ? undefined : kindOfName(this.key);
  }

  public problems() {
    const problems = [
      ...checkReference('key', this.key, this.versions, MODEL_EXTENSIONS),
      ...optionProblems(this.options, this.kind),
    ];
    if (!Token.isUnresolved(this.key) && holdsWeightsOnly(basename(this.key))) {
      problems.push(`${JSON.stringify(this.key)} holds weights without a model: load them into the model and call model.export(directory)`);
    }
    return problems;
  }

  public bind(scope: Construct) {
    if (this.options.objectVersion === undefined && this.options.revision === undefined) {
      Validations.of(scope).addWarning('cdk-tensorflow:UnversionedModel', `CloudFormation does not notice when ${JSON.stringify(this.key)} changes: `
        + 'give objectVersion, or revision with a text that changes when the model does');
    }
    return storeReference(this.bucket, this.key, this.versions);
  }

  private get versions() {
    return { objectVersion: this.options.objectVersion, revision: this.options.revision };
  }
}

export class DeliveryModel implements OriginalModel {
  constructor(public readonly delivery: IDeliveredModel, public readonly options: ModelSourceOptions) {}

  public get kind() {
    return kindOfName(this.delivery.key);
  }

  /** The delivery has checked its key. */
  public problems() {
    return optionProblems(this.options, this.kind);
  }

  public bind(scope: Construct) {
    const objectVersion = readDelivered(scope, this.delivery, this.delivery.sourceParameterName);
    return storeReference(this.delivery.bucket, this.delivery.key, { objectVersion });
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
  problems.push(...allowedOperationProblems(options.allowedOperations));
  for (const name of ['signatureName', 'tags'] as const) {
    if (options[name] !== undefined && (kind === 'keras' || kind === 'h5')) {
      problems.push(`${name} has no effect on a Keras file, which has one signature and no tags: leave it out`);
    }
  }
  if (kind === 'tflite' && options.tags !== undefined) {
    problems.push('tags has no effect on a .tflite file: leave it out');
  }
  if (kind === 'tflite' && options.allowedOperations !== undefined) {
    problems.push('allowedOperations has no effect on a .tflite file, which has no such operation: leave it out');
  }
  return problems;
}
