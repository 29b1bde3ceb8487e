import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../private/acknowledge';

/**
 * Lets a principal read published models.
 *
 * @param keyPatterns what may be read and listed, as keys that may end with or contain an asterisk
 */
export function grantArtifactRead(grantee: iam.IGrantable, bucket: s3.IBucket, keyPatterns: string[]): iam.Grant {
  const objects = iam.Grant.addToPrincipal({
    grantee,
    actions: ['s3:GetObject', 's3:GetObjectVersion'],
    resourceArns: keyPatterns.map((pattern) => bucket.arnForObjects(pattern)),
  });
  const list = iam.Grant.addToPrincipal({
    grantee,
    actions: ['s3:ListBucket'],
    resourceArns: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': keyPatterns } },
  });
  const grant = objects.combine(list);
  const key = bucket.encryptionKey?.grant(grantee, 'kms:Decrypt');
  return key ? grant.combine(key) : grant;
}

/** What an optimization may do in its bucket: read and list its own prefix, add to it, replace and delete nothing. */
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
    // The requests of a multipart upload that make no object yet; the one that completes it is under the condition above.
    iam.Grant.addToPrincipal({
      grantee: role, actions: ['s3:PutObject'], resourceArns, conditions: { Bool: { 's3:ObjectCreationOperation': 'false' } },
    }),
  ];
  return grants.reduce((all, grant) => all.combine(grant));
}

/** Holds whatever else the role or the bucket's policy allows: nothing below the prefix is ever written without a condition. */
export function overwriteDenial(bucket: s3.IBucket, prefix: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects(`${prefix}/*`)],
    conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
  });
}

/** Answers cdk-nag where a role reads or writes a model's whole prefix. */
export function acknowledgePrefix(scope: Construct, bucket: s3.IBucket, keyPattern: string): void {
  acknowledgeWildcard(scope, bucket.arnForObjects(keyPattern), 'The names of a model\'s files are its own: everything below the model\'s prefix, nothing else');
}
