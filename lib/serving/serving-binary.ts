import { createHash } from 'crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'fs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { checkPattern } from '../private/validation';

/** A program in S3, and the SHA-256 that it must have. */
export interface StoredBinary {
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly sha256: string;
}

/** The file `tensorflow_model_server` of TensorFlow Serving, for x86_64: no official one exists for arm64. */
export abstract class ServingBinary {
  /**
   * One that lies in a bucket.
   *
   * @param bucket the bucket
   * @param key its key
   * @param sha256 the SHA-256 that it must have, in lower-case hexadecimal
   */
  public static fromBucket(bucket: s3.IBucket, key: string, sha256: string): ServingBinary {
    return new BucketBinary({ bucket, key, sha256 });
  }

  /**
   * A local file, uploaded with the app's other assets.
   *
   * @param path the file
   */
  public static fromAsset(path: string): ServingBinary {
    return new AssetBinary(path);
  }

  /** @internal */
  public abstract _problems(): string[];

  /** Where it lies. Only after `_problems()` found none. @internal */
  public abstract _bind(scope: Construct): StoredBinary;
}

class BucketBinary extends ServingBinary {
  constructor(private readonly stored: StoredBinary) {
    super();
  }

  public _problems() {
    return [
      ...checkPattern('the key of servingBinary', this.stored.key, /^[^/].*[^/]$/, 'a key inside the bucket, without a slash at either end'),
      ...checkPattern('the sha256 of servingBinary', this.stored.sha256, /^[0-9a-f]{64}$/, 'a SHA-256 of 64 lower-case hexadecimal digits'),
    ];
  }

  public _bind() {
    return this.stored;
  }
}

class AssetBinary extends ServingBinary {
  constructor(private readonly path: string) {
    super();
  }

  public _problems() {
    if (!existsSync(this.path) || !statSync(this.path).isFile()) {
      return [`servingBinary must be a file, and ${JSON.stringify(this.path)} is none: give the path of tensorflow_model_server`];
    }
    return ['\x7fELF', '#!'].some((start) => startsWith(this.path, start))
      ? []
      : [`servingBinary must be a program for Linux, got ${JSON.stringify(this.path)}: unpack it from its package or archive first`];
  }

  public _bind(scope: Construct) {
    const asset = new s3_assets.Asset(scope, 'ServingBinary', { path: this.path });
    return { bucket: asset.bucket, key: asset.s3ObjectKey, sha256: createHash('sha256').update(readFileSync(this.path)).digest('hex') };
  }
}

function startsWith(path: string, text: string): boolean {
  const start = Buffer.alloc(text.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  return start.toString('latin1') === text;
}
