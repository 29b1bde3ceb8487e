import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IConstruct } from 'constructs';
import type { OptimizationOptions } from '../optimization-options';

/** Returns every problem of the user's own bucket for published models. */
export function checkBucket(scope: Construct, { artifactBucket, artifactRemovalPolicy, encryptionKey }: OptimizationOptions): string[] {
  const problems = removalProblems(artifactRemovalPolicy, artifactBucket);
  if (artifactBucket === undefined) {
    return problems;
  }
  if (keepsNoVersions(artifactBucket)) {
    problems.push('artifactBucket must keep versions, because they hold what serves in place: create it with versioned: true');
  }
  const elsewhere = otherRegion(scope, artifactBucket);
  if (elsewhere !== undefined) {
    problems.push(`artifactBucket must be in the Region of its models, ${Stack.of(scope).region}, got one in ${elsewhere}: give each Region a bucket and an optimization of its own`);
  }
  // The bucket encrypts published models. A bucket imported by name does not know its key.
  if (encryptionKey !== undefined && artifactBucket.encryptionKey?.keyArn !== encryptionKey.keyArn) {
    problems.push(`encryptionKey must be the key of artifactBucket, which encrypts the published models, and the bucket has ${artifactBucket.encryptionKey ? 'another' : 'none'}: `
      + 'create the bucket with this key, import it with s3.Bucket.fromBucketAttributes and its encryptionKey, or leave encryptionKey out');
  }
  return problems;
}

/** The Region of a bucket if it is certain to be another one than that of the scope's stack. */
export function otherRegion(scope: IConstruct, bucket: s3.IBucket): string | undefined {
  const [here, there] = [Stack.of(scope).region, bucket.env.region];
  return Token.isUnresolved(here) || Token.isUnresolved(there) || here === there ? undefined : there;
}

function removalProblems(policy?: RemovalPolicy, artifactBucket?: s3.IBucket): string[] {
  if (policy === undefined) {
    return [];
  }
  const problems: string[] = [];
  if (policy !== RemovalPolicy.RETAIN && policy !== RemovalPolicy.DESTROY) {
    problems.push(`artifactRemovalPolicy must be RETAIN or DESTROY, got ${JSON.stringify(policy)}: CloudFormation takes no snapshots of buckets, `
      + 'and cannot delete one that has objects');
  }
  if (artifactBucket !== undefined) {
    problems.push('artifactRemovalPolicy has no effect on an artifactBucket of your own: give the bucket its removalPolicy and autoDeleteObjects, '
      + 'or leave artifactRemovalPolicy out');
  }
  return problems;
}

/** Returns true only if certain: an imported bucket, or a token, may be versioned. */
export function keepsNoVersions(bucket: s3.IBucket): boolean {
  const made = bucket.node.defaultChild;
  if (!(made instanceof s3.CfnBucket) || made.objectLockEnabled !== undefined || Token.isUnresolved(made.versioningConfiguration)) {
    return false;
  }
  const status = (made.versioningConfiguration as s3.CfnBucket.VersioningConfigurationProperty | undefined)?.status;
  return status !== 'Enabled' && !Token.isUnresolved(status);
}
