import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';

/**
 * Documents below a model's prefix that keep versions from being pruned, and that say which ones were.
 *
 * runtime/build_runner has the same names, and the schemas of both.
 */
const LEASES = 'leases';
const PRUNED = 'pruned';

/** Keys of the leases of a model, with an asterisk. */
export function leasePattern(prefix: string): string {
  return `${prefix}/${LEASES}/*`;
}

/** Keys of the documents about pruned versions of a model, with an asterisk. */
export function prunedPattern(prefix: string): string {
  return `${prefix}/${PRUNED}/*`;
}

/** Tells whether a pattern of leases is of every model in a bucket: then nothing else lets a reader read them. */
export function isOfAnyModel(pattern: string): boolean {
  return pattern.startsWith('*/');
}

/** Denies writing leases, and what says that a version was pruned, to a role that opens models of unknown origin. */
export function retentionDenial(bucket: s3.IBucket, prefix: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    actions: ['s3:PutObject'],
    resources: [leasePattern(prefix), prunedPattern(prefix)].map((pattern) => bucket.arnForObjects(pattern)),
  });
}
