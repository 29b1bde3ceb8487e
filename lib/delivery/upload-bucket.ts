import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { privateBucket } from '../private/private-bucket';

/** A bucket that people and programs upload models to: private and encrypted, it keeps versions and tells EventBridge. */
export function uploadBucket(scope: Construct, id: string): s3.Bucket {
  const bucket = new s3.Bucket(scope, id, {
    versioned: true,
    ...privateBucket(),
    // A model that served is built again from here when a recipe changes.
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
  });
  // Not eventBridgeEnabled, which the CDK switches on by a function that may change the notifications of every bucket.
  (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  bucket.node.addValidation({
    validate: () => bucket.node.children.some((child) => child.node.id === 'Notifications')
      ? ['notifications that are added to this bucket would replace the one to EventBridge, which a delivery begins with: add a rule for its events, or give '
        + 'the delivery a bucket of your own with eventBridgeEnabled'] : [],
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1', reason: 'Each upload is a version with its time, and begins an execution; give a bucket of your own to log who wrote it',
  });
  return bucket;
}
