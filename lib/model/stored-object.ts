import { basename } from 'path';
import { SymlinkFollowMode, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { Evaluation, Identity, Packaging } from '../private/documents/job';

/** A model or data in S3, as in the optimizer's job.json. */
export interface StoredObject {
  readonly packaging: Packaging;
  /** Only for a `file`: its extension tells the optimizer the kind. */
  readonly fileName?: string;
  readonly identity: Identity;
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly objectVersion?: string;
}

export interface BucketObjectOptions {
  readonly objectVersion?: string;
  readonly revision?: string;
}

/** Uploads a local file or directory with the app's other assets. */
export function storeAsset(scope: Construct, id: string, path: string): StoredObject {
  // Follow links: model caches keep their files elsewhere, and a ZIP of dangling links is useless.
  const asset = new s3_assets.Asset(scope, id, { path, followSymlinks: SymlinkFollowMode.ALWAYS });
  return {
    packaging: asset.isFile ? 'file' : 'zip',
    fileName: asset.isFile ? basename(path) : undefined,
    identity: { digest: asset.assetHash },
    bucket: asset.bucket,
    key: asset.s3ObjectKey,
  };
}

/** References one object, or all objects below a prefix. */
export function storeReference(bucket: s3.IBucket, key: string, options: BucketObjectOptions): StoredObject {
  const packaging = packagingOf(key)!;
  // A revision is valid for one location only; an object version is unique in S3.
  const uri = options.objectVersion === undefined ? `s3://${bucket.bucketName}/${key}` : undefined;
  return {
    packaging,
    fileName: packaging === 'file' ? basename(key) : undefined,
    identity: { objectVersion: options.objectVersion, revision: options.revision, uri },
    bucket,
    key,
    objectVersion: options.objectVersion,
  };
}

/** Renders a model or data for job.json. */
export function renderStored(stored: StoredObject): Evaluation {
  return {
    packaging: stored.packaging,
    fileName: stored.fileName,
    identity: stored.identity,
    location: { bucket: stored.bucket.bucketName, key: stored.key, objectVersion: stored.objectVersion },
  };
}

/** Returns the packaging of a key by its ending; undefined if a token hides the ending. */
function packagingOf(key: string): Packaging | undefined {
  if (key.endsWith('/')) {
    return 'prefix';
  }
  if (/\$\{Token\[[^\]]*\]\}$/.test(key) || (Token.isUnresolved(key) && !/\.[a-z0-9_]+$/i.test(key))) {
    return undefined;
  }
  return key.toLowerCase().endsWith('.zip') ? 'zip' : 'file';
}

/** Checks a key and the options that identify its content. `allowed` lists the file extensions that the optimizer reads. */
export function checkReference(property: string, key: string, options: BucketObjectOptions, allowed: string[]): string[] {
  const problems: string[] = [];
  const packaging = packagingOf(key);
  const choices = `end with / (everything below a prefix), .zip or one of ${allowed.join(', ')}`;
  if (packaging === undefined) {
    problems.push(`${property} must ${choices}, but its end is known only when it is deployed: append the ending to the token`);
  } else if (packaging === 'file' && !allowed.some((extension) => key.toLowerCase().endsWith(extension))) {
    problems.push(`${property} must ${choices}, got ${JSON.stringify(key)}`);
  }
  if (key.startsWith('/') || key.startsWith('s3://')) {
    problems.push(`${property} must be a key inside the bucket, without a leading slash or s3:// address, got ${JSON.stringify(key)}`);
  }
  if (options.objectVersion !== undefined && options.revision !== undefined) {
    problems.push('objectVersion and revision exclude each other: S3\'s own version of the object says more, so drop revision');
  }
  if (options.objectVersion !== undefined && packaging === 'prefix') {
    problems.push(`objectVersion names one object, and ${JSON.stringify(key)} is a prefix of many: give revision, `
      + 'a text of your own that changes when the objects do');
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === '') {
      problems.push(`${name} must not be empty: leave it out or give a text that changes when the object does`);
    }
  }
  return problems;
}

/** Statements that allow reading exactly this object or prefix, without the key that may encrypt it. */
export function readStatements(stored: StoredObject): iam.PolicyStatement[] {
  const isPrefix = stored.packaging === 'prefix';
  const actions = [stored.objectVersion === undefined ? 's3:GetObject' : 's3:GetObjectVersion'];
  const statements = [new iam.PolicyStatement({ actions, resources: [stored.bucket.arnForObjects(isPrefix ? `${stored.key}*` : stored.key)] })];
  if (isPrefix) {
    statements.push(new iam.PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [stored.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${stored.key}*` } },
    }));
  }
  return statements;
}
