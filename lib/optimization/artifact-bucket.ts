import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';

const ID = 'TensorFlowModelArtifacts';

/** The bucket for all models of a stack, made when the first one asks for it. */
export function artifactBucketOf(scope: Construct, encryptionKey?: kms.IKey): s3.Bucket {
  const stack = Stack.of(scope);
  const existing = stack.node.tryFindChild(ID) as s3.Bucket | undefined;
  if (existing) {
    failIfAny(lit`ConflictingEncryptionKeys`, existing.encryptionKey === encryptionKey ? [] : [
      `encryptionKey differs from that of another model of the stack ${JSON.stringify(stack.node.id)}, and both share a bucket: `
      + 'give all of them the same key, or this one its own artifactBucket',
    ], scope);
    return existing;
  }
  const bucket = new s3.Bucket(stack, ID, {
    versioned: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    encryption: encryptionKey ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
    encryptionKey,
    bucketKeyEnabled: encryptionKey ? true : undefined,
    // What is served lies here, and what served before. RETAIN also leaves the bucket alone when a first deployment is rolled back:
    // deleting a bucket that has objects would fail and leave the stack stuck.
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'Only the optimizer writes here and every object is immutable; give an artifactBucket of your own to log access to it',
  });
  return bucket;
}
