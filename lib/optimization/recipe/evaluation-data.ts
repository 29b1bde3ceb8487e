import { existsSync, readdirSync, readFileSync, statSync } from 'fs';
import { basename, join } from 'path';
import { Validations } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { StoredObject } from '../../model/stored-object';
import { checkReference, storeAsset, storeReference } from '../../model/stored-object';
import { beginningProblems, firstBytes } from './data-beginning';

const EXTENSIONS = ['.npz', '.jsonl', '.csv', '.parquet'];
const FILES = 'an .npz, .jsonl, .csv or .parquet file';

/** Names the images of a directory, and their labels. */
const LABELS_FILE = 'labels.csv';

/**
 * Real inputs of a model, with or without labels, to calibrate and judge candidates.
 *
 * An `.npz` file with one array for each input (any name for a single input) and `labels` or `labels/<output>` (with `reference/<output>`, the
 * answers of the program that the model was converted from, candidates are compared with these), a `.jsonl` file
 * whose lines are REST bodies with a `label`, or a table: a `.csv` or `.parquet` file with a column for each input and `label` or
 * `label/<output>`. An input of several values has the columns `<input>/0`, `<input>/1` and so on, or in Parquet a column of lists; if none is
 * named after the only input of a model, all columns but the label are its values. Values are those of the model's signature.
 *
 * Or JPEG and PNG images, with `imageInput`: a directory with a file `labels.csv`, whose first line is `path,label`, and each other line the path
 * of an image in the directory and its label.
 */
export abstract class EvaluationData {
  /**
   * A local file, or a directory with one or with images, uploaded with the app's other assets.
   *
   * @param path of an .npz, .jsonl, .csv or .parquet file, or a directory with one or with images, relative to the working directory of the CDK app
   */
  public static fromAsset(path: string): EvaluationData {
    return new AssetData(path);
  }

  /**
   * Data in a bucket.
   *
   * @param bucket the bucket
   * @param key of an .npz, .jsonl, .csv or .parquet file, of a .zip file with one or with images, or the prefix of these, with a slash at the end
   * @param options what identifies the content
   */
  public static fromBucket(bucket: s3.IBucket, key: string, options: BucketEvaluationDataOptions = {}): EvaluationData {
    return new BucketData(bucket, key, options);
  }

  /** @internal */
  public abstract _problems(): string[];

  /** The data are images, as far as synthesis can see. @internal */
  public abstract _hasImages(): boolean;

  /** Uploads or references the data and adds its warnings. Call it only if `_problems()` found none. @internal */
  public abstract _bind(scope: Construct): StoredObject;
}

class AssetData extends EvaluationData {
  constructor(private readonly path: string) {
    super();
  }

  public _problems() {
    const where = `evaluation data ${JSON.stringify(this.path)}`;
    if (!existsSync(this.path)) {
      return [`${where} does not exist: give ${FILES}, relative to where the CDK app runs`];
    }
    if (!statSync(this.path).isDirectory()) {
      return fileProblems(where, this.path);
    }
    if (this._hasImages()) {
      return labelsProblems(`${where}, file ${LABELS_FILE},`, join(this.path, LABELS_FILE));
    }
    const files = readdirSync(this.path).filter(isData);
    return files.length === 1
      ? fileProblems(`${where}, file ${files[0]},`, join(this.path, files[0]))
      : [`${where} must hold exactly one .npz, .jsonl, .csv or .parquet file, or ${LABELS_FILE} and images, found ${files.length === 0 ? 'none' : files.sort().join(', ')}`];
  }

  public _hasImages() {
    // Other tables beside images are somebody's notes.
    return existsSync(join(this.path, LABELS_FILE)) && !readdirSync(this.path).some((name) => /\.(npz|jsonl)$/i.test(name));
  }

  public _bind(scope: Construct) {
    return storeAsset(scope, 'Evaluation', this.path);
  }
}

class BucketData extends EvaluationData {
  constructor(private readonly bucket: s3.IBucket, private readonly key: string, private readonly options: BucketEvaluationDataOptions) {
    super();
  }

  public _problems() {
    return checkReference('key', this.key, this.options, EXTENSIONS).map((problem) => `evaluation data: ${problem}`);
  }

  public _hasImages() {
    return false;
  }

  public _bind(scope: Construct) {
    if (this.options.objectVersion === undefined && this.options.revision === undefined) {
      Validations.of(scope).addWarning('cdk-tensorflow:UnversionedEvaluationData', 'CloudFormation does not notice when the evaluation data '
        + `${JSON.stringify(this.key)} changes: give objectVersion, or revision with a text that changes when the data does`);
    }
    return storeReference(this.bucket, this.key, this.options);
  }
}

function isData(name: string): boolean {
  return EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension));
}

function fileProblems(where: string, path: string): string[] {
  if (!isData(path)) {
    return [`${where} must be an .npz file (one array for each input, and labels), a .csv or .parquet file (a column for each input, and label) or a .jsonl file (a REST body on each line)`];
  }
  if (basename(path) === LABELS_FILE) {
    return [`${where} names images: give the directory with both, or call a table of numbers otherwise`];
  }
  if (statSync(path).size === 0) {
    return [`${where} is empty: write it again`];
  }
  if (path.toLowerCase().endsWith('.npz') && firstBytes(path, 4).toString('latin1') !== 'PK\x03\x04') {
    return [`${where} is not what numpy.savez writes: it is corrupt or of another kind; write it again`];
  }
  if (path.toLowerCase().endsWith('.parquet') && firstBytes(path, 4).toString('latin1') !== 'PAR1') {
    return [`${where} is not a Parquet file: it is corrupt or of another kind; write it again`];
  }
  return beginningProblems(where, path);
}

function labelsProblems(where: string, path: string): string[] {
  const [header, ...rows] = readFileSync(path, 'utf8').replace(/^\uFEFF/, '').split(/\r?\n/).filter((line) => line.trim() !== '');
  if (!/^\s*path\s*(,|$)/.test(header ?? '')) {
    return [`${where} must begin with the line "path,label", or "path" without labels, got ${JSON.stringify((header ?? '').slice(0, 80))}`];
  }
  return rows.length > 0 ? [] : [`${where} names no image: give the path of an image in each line after the first`];
}

/** Identifies the content of data in a bucket. */
export interface BucketEvaluationDataOptions {
  /**
   * Version ID of the S3 object.
   *
   * @default - the newest when the optimization starts; later changes go unnoticed
   */
  readonly objectVersion?: string;

  /**
   * Any text that changes when the objects change, because CloudFormation does not look at them.
   *
   * @default - changed objects go unnoticed
   */
  readonly revision?: string;
}
