import { CustomResource, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IDependable } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import { BuildProvider, CHECK_TIMEOUT } from './build-provider';
import type { OptimizationOptions } from './optimization-options';

const ID = 'TensorFlowModelArtifacts';

/** What empties or deletes a bucket, by bucket. */
const removals = new WeakMap<s3.IBucket, IDependable>();

/** The bucket for all models of a stack, made when the first one asks for it. */
export function artifactBucketOf(scope: Construct, options: Pick<OptimizationOptions, 'encryptionKey' | 'artifactRemovalPolicy'>): s3.Bucket {
  const stack = Stack.of(scope);
  const existing = stack.node.tryFindChild(ID) as ArtifactBucket | undefined;
  if (existing) {
    failIfAny(lit`ConflictingBucketOptions`, existing.conflictsWith(options), scope);
  }
  return existing ?? new ArtifactBucket(stack, options);
}

/** What must be there before a build writes to a bucket: when the stack is deleted, it runs after the build was stopped. */
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
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      encryption: encryptionKey ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
      encryptionKey,
      bucketKeyEnabled: encryptionKey ? true : undefined,
      // What is served lies here, and what served before. Not RetainExceptOnCreate: after a build that failed the bucket has its report,
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

  /** Deletes the bucket with the stack, also after a first deployment that failed, where nothing was ever written to it. */
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
