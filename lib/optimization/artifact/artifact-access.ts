import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../../private/acknowledge';
import { grantKey } from '../../private/key-grant';

/**
 * Grants read access to published models.
 *
 * @param keyPatterns keys that may be read and listed, with asterisks
 */
export function grantArtifactRead(grantee: iam.IGrantable, bucket: s3.IBucket, keyPatterns: string[]): iam.Grant {
  return grantReading(grantee, bucket, keyPatterns, ['s3:GetObject', 's3:GetObjectVersion']);
}

/** The same for what names no object version, such as `aws s3 cp --recursive` and mounted buckets. */
export function grantArtifactCopy(grantee: iam.IGrantable, bucket: s3.IBucket, keyPatterns: string[]): iam.Grant {
  return grantReading(grantee, bucket, keyPatterns, ['s3:GetObject']);
}

/** The same with the list of object versions: a rollback reads a manifest as it was published, even if it was changed since. */
export function grantArtifactHistory(grantee: iam.IGrantable, bucket: s3.IBucket, keyPatterns: string[]): iam.Grant {
  return grantReading(grantee, bucket, keyPatterns, ['s3:GetObject', 's3:GetObjectVersion'], ['s3:ListBucket', 's3:ListBucketVersions']);
}

function grantReading(
  grantee: iam.IGrantable, bucket: s3.IBucket, keyPatterns: string[], actions: string[], listing = ['s3:ListBucket'],
): iam.Grant {
  const objects = iam.Grant.addToPrincipal({
    grantee,
    actions,
    resourceArns: keyPatterns.map((pattern) => bucket.arnForObjects(pattern)),
  });
  const list = iam.Grant.addToPrincipal({
    grantee,
    actions: listing,
    resourceArns: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': keyPatterns } },
  });
  const grant = objects.combine(list);
  const { encryptionKey } = bucket;
  return encryptionKey ? grant.combine(grantKey(encryptionKey, grantee, 'kms:Decrypt')) : grant;
}

/** Grants an optimization access to its own prefix: read, list and add, but neither replace nor delete. */
export function grantArtifactWrite(role: iam.IRole, bucket: s3.IBucket, prefix: string): iam.Grant {
  const resourceArns = [bucket.arnForObjects(`${prefix}/*`)];
  const grants = [
    iam.Grant.addToPrincipal({ grantee: role, actions: ['s3:GetObject', 's3:AbortMultipartUpload'], resourceArns }),
    iam.Grant.addToPrincipal({
      grantee: role, actions: ['s3:ListBucket'], resourceArns: [bucket.bucketArn], conditions: { StringLike: { 's3:prefix': `${prefix}/*` } },
    }),
    iam.Grant.addToPrincipal({
      grantee: role, actions: ['s3:PutObject'], resourceArns, conditions: { Null: { 's3:if-none-match': 'false' } },
    }),
    // The requests of a multipart upload that do not create an object yet. The one that completes it is subject to the condition above.
    iam.Grant.addToPrincipal({
      grantee: role, actions: ['s3:PutObject'], resourceArns, conditions: { Bool: { 's3:ObjectCreationOperation': 'false' } },
    }),
  ];
  return grants.reduce((all, grant) => all.combine(grant));
}

/** Denies writes below the prefix without a condition, regardless of what the role or the bucket's policy allows. */
export function overwriteDenial(bucket: s3.IBucket, prefix: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects(`${prefix}/*`)],
    conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
  });
}

/** Acknowledges cdk-nag's findings on a role that reads or writes a model's whole prefix. */
export function acknowledgePrefix(scope: Construct, bucket: s3.IBucket, keyPattern: string): void {
  acknowledgeWildcard(scope, bucket.arnForObjects(keyPattern), 'The names of a model\'s files are its own: everything below the model\'s prefix, nothing else');
}
