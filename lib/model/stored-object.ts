import { basename } from 'path';
import { SymlinkFollowMode, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';

/** How an S3 location holds what it names. The optimizer's `Packaging`. */
export type Packaging = 'zip' | 'file' | 'prefix';

/** What tells one content from another without reading it. The optimizer's `Identity`; part of the build key. */
export interface ObjectIdentity {
  readonly digest?: string;
  readonly objectVersion?: string;
  readonly revision?: string;
  readonly uri?: string;
}

/** A model or data in S3, as the optimizer's job.json names it. */
export interface StoredObject {
  readonly packaging: Packaging;
  /** Of a `file`: its extension tells the optimizer what it is. */
  readonly fileName?: string;
  readonly identity: ObjectIdentity;
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly objectVersion?: string;
}

/** What tells contents under one key apart. */
export interface BucketObjectOptions {
  readonly objectVersion?: string;
  readonly revision?: string;
}

/** A local file or directory, uploaded with the app's other assets. */
export function storeAsset(scope: Construct, id: string, path: string): StoredObject {
  // Links are followed: model caches keep their files elsewhere, and a ZIP of dangling links helps nobody.
  const asset = new s3_assets.Asset(scope, id, { path, followSymlinks: SymlinkFollowMode.ALWAYS });
  return {
    packaging: asset.isFile ? 'file' : 'zip',
    fileName: asset.isFile ? basename(path) : undefined,
    identity: { digest: asset.assetHash },
    bucket: asset.bucket,
    key: asset.s3ObjectKey,
  };
}

/** One object, or all objects below a prefix, of a bucket. */
export function storeReference(bucket: s3.IBucket, key: string, options: BucketObjectOptions): StoredObject {
  const packaging = packagingOf(key)!;
  // A revision is the user's word about one place; an object version is S3's own and belongs to no other object.
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

/** The document of a model or data, as job.json has it. */
export function renderStored(stored: StoredObject): Record<string, unknown> {
  return {
    packaging: stored.packaging,
    fileName: stored.fileName,
    identity: stored.identity,
    location: { bucket: stored.bucket.bucketName, key: stored.key, objectVersion: stored.objectVersion },
  };
}

/** How a key in a bucket is packaged, told by its ending; undefined where the ending is hidden in a token. */
export function packagingOf(key: string): Packaging | undefined {
  if (key.endsWith('/')) {
    return 'prefix';
  }
  if (/\$\{Token\[[^\]]*\]\}$/.test(key) || (Token.isUnresolved(key) && !/\.[a-z0-9_]+$/i.test(key))) {
    return undefined;
  }
  return key.toLowerCase().endsWith('.zip') ? 'zip' : 'file';
}

/** Problems of a key and of what tells its contents apart. `allowed` lists the file extensions that the optimizer reads. */
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

/** Statements that let a principal read exactly this. */
export function readStatements(stored: StoredObject): iam.PolicyStatement[] {
  const isPrefix = stored.packaging === 'prefix';
  const actions = stored.objectVersion === undefined ? ['s3:GetObject'] : ['s3:GetObject', 's3:GetObjectVersion'];
  const statements = [new iam.PolicyStatement({ actions, resources: [stored.bucket.arnForObjects(isPrefix ? `${stored.key}*` : stored.key)] })];
  if (isPrefix) {
    statements.push(new iam.PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [stored.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${stored.key}*` } },
    }));
  }
  if (stored.bucket.encryptionKey) {
    statements.push(new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [stored.bucket.encryptionKey.keyArn] }));
  }
  return statements;
}
