import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { failIfAny, lit } from '../../private/errors';

/** Constructs by prefix, by bucket. */
const claims = new WeakMap<s3.IBucket, Map<string, Construct>>();

/**
 * Reserves a prefix in a bucket for a model.
 *
 * @throws if another model has it already
 */
export function claimPrefix(scope: Construct, bucket: s3.IBucket, prefix: string): void {
  const owners = claims.get(bucket) ?? new Map<string, Construct>();
  const owner = owners.get(prefix);
  failIfAny(lit`ConflictingArtifactPrefixes`, owner === undefined ? [] : [
    `artifactPrefix ${JSON.stringify(prefix)} belongs to the model ${JSON.stringify(owner.node.path)} in the same bucket, and both would number their versions `
    + 'in one place: give one of them another artifactPrefix, or its own artifactBucket',
  ], scope);
  claims.set(bucket, owners.set(prefix, scope));
}
