import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IDependable } from 'constructs';
import { Dependable } from 'constructs';

/**
 * A bucket, its policy and its key, as they are when the app is synthesized: policies may come later than we do.
 *
 * Not the bucket's whole tree, which may hold notifications that wait for what waits for us.
 */
export function bucketWithPolicy(bucket: s3.IBucket): IDependable {
  const dependable = {};
  Dependable.implement(dependable, {
    get dependencyRoots() {
      return [bucket.node.defaultChild, bucket.policy, bucket.encryptionKey].filter((root) => root !== undefined);
    },
  });
  return dependable;
}
