import { CustomResource, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IDependable } from 'constructs';
import { Dependable } from 'constructs';
import { failIfAny, lit } from '../../private/errors';
import { privateBucket } from '../../private/private-bucket';
import type { OptimizationOptions } from '../optimization-options';
import { BuildProvider, CHECK_TIMEOUT } from './build-provider';

/** Constructs by prefix, by bucket. */
const claims = new WeakMap<s3.IBucket, Map<string, Construct>>();

const ID = 'TensorFlowModelArtifacts';

/** Resources that empty or delete a bucket, by bucket. */
const removals = new WeakMap<s3.IBucket, IDependable>();

/** Returns the bucket for all models of a stack, and creates it on first use. */
export function artifactBucketOf(scope: Construct, options: Pick<OptimizationOptions, 'encryptionKey' | 'artifactRemovalPolicy'>): s3.Bucket {
  const stack = Stack.of(scope);
  const existing = stack.node.tryFindChild(ID) as ArtifactBucket | undefined;
  if (existing) {
    failIfAny(lit`ConflictingBucketOptions`, existing.conflictsWith(options), scope);
  }
  return existing ?? new ArtifactBucket(stack, options);
}

/** Resources that must exist before a build writes to a bucket. When the stack is deleted, they are deleted after the build has been stopped. */
export function bucketDependencies(bucket: s3.IBucket): IDependable[] {
  const removal = removals.get(bucket);
  return removal ? [removal] : [];
}

class ArtifactBucket extends s3.Bucket {
  private readonly destroysArtifacts: boolean;

  constructor(stack: Stack, { encryptionKey, artifactRemovalPolicy }: Pick<OptimizationOptions, 'encryptionKey' | 'artifactRemovalPolicy'>) {
    const destroysArtifacts = artifactRemovalPolicy === RemovalPolicy.DESTROY;
    super(stack, ID, {
      versioned: true,
      ...privateBucket(encryptionKey),
      // The bucket contains the models that serve now and served before. Not RetainExceptOnCreate: after a failed build it contains the report,
      // and CloudFormation's attempt to delete it would leave the stack in ROLLBACK_FAILED.
      removalPolicy: destroysArtifacts ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      autoDeleteObjects: destroysArtifacts,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    });
    this.destroysArtifacts = destroysArtifacts;
    removals.set(this, destroysArtifacts ? this.node.findChild('AutoDeleteObjectsCustomResource') : this.deleteWhenEmpty());
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only the optimizer writes here and every object is immutable; give an artifactBucket of your own to log access to it',
    });
  }

  public conflictsWith({ encryptionKey, artifactRemovalPolicy }: Pick<OptimizationOptions, 'encryptionKey' | 'artifactRemovalPolicy'>): string[] {
    const conflicts: string[] = [];
    const others = `another model of the stack ${JSON.stringify(this.stack.node.id)}, and both share a bucket`;
    if (this.encryptionKey !== encryptionKey) {
      conflicts.push(`encryptionKey differs from that of ${others}: give all of them the same key, or this one its own artifactBucket`);
    }
    if (this.destroysArtifacts !== (artifactRemovalPolicy === RemovalPolicy.DESTROY)) {
      conflicts.push(`artifactRemovalPolicy differs from that of ${others}: give all of them the same policy, or this one its own artifactBucket`);
    }
    return conflicts;
  }

  /** Deletes the empty bucket with the stack, e.g. after a failed first deployment. */
  private deleteWhenEmpty(): CustomResource {
    const provider = BuildProvider.of(this);
    const grant = provider.allowBucketDeletion(this);
    const removal = new CustomResource(this, 'DeleteWhenEmpty', {
      resourceType: 'Custom::TensorFlowArtifactBucket',
      serviceToken: provider.serviceToken,
      serviceTimeout: CHECK_TIMEOUT,
      properties: { Mode: 'bucket', Bucket: this.bucketName },
    });
    removal.node.addDependency(provider, grant);
    return removal;
  }
}

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
