import { CfnOutput, CustomResource, Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { IDeliveredModel } from '../../model/delivered-model';
import { DELIVERED_OUTPUT, readDelivered } from '../../model/delivery-source';
import type { StoredObject } from '../../model/stored-object';
import type { Job } from '../../private/documents/job';
import { leasePattern } from '../artifact/artifact-leases';
import type { ModelOptimizerProps } from '../model-optimizer-props';
import { RefusalBehavior, UnsignedVersions } from '../optimization-options';
import { bucketDependencies, bucketWithPolicy } from './artifact-bucket';
import { BuildProvider } from './build-provider';
import type { OptimizationProject } from './optimization-project';
import { SERVER_PREFIX } from './server-image';

interface ModelBuildOptions {
  readonly modelName: string;
  readonly props: ModelOptimizerProps;
  readonly job: Job;
  readonly optimization: OptimizationProject;
  readonly bucket: s3.IBucket;
  readonly keyPrefix: string;
  /** Objects that the job reads. */
  readonly inputs: StoredObject[];
}

/** Defines the custom resource that has a model built, and the permissions that the handlers need for it. Its attributes are the published version. */
export function modelBuild(scope: Construct, id: string, options: ModelBuildOptions): CustomResource {
  const { props, optimization, bucket, keyPrefix, inputs } = options;
  const keepsPrevious = props.onRefusal === RefusalBehavior.KEEP_PREVIOUS;
  const delivery = props.model._original?.delivery;
  const serve = delivery && readDelivered(scope, delivery, delivery.serveParameterName);
  const build = new CustomResource(scope, id, {
    resourceType: 'Custom::TensorFlowModelBuild',
    serviceToken: BuildProvider.of(scope).serviceToken,
    properties: {
      Mode: 'build',
      Project: optimization.project.projectName,
      Bucket: bucket.bucketName,
      Model: keyPrefix,
      Job: Stack.of(scope).toJsonString(options.job),
      ...keepsPrevious && { OnRefusal: RefusalBehavior.KEEP_PREVIOUS, Attempt: props.attempt ?? 1 },
      ...props.signingKey && { SigningKey: props.signingKey.keyArn, UnsignedVersions: props.unsignedVersions ?? UnsignedVersions.REFUSE },
      ...serve !== undefined && { Serve: serve },
      ...props.retention && { Lease: 'true' },
    },
  });
  // The build starts as soon as this resource does, so all that it touches must be there: policies are not implied by any reference.
  build.node.addDependency(BuildProvider.of(scope), ...permissions(scope, options, keepsPrevious), ...optimization.dependencies, ...bucketDependencies(bucket));
  build.node.addDependency(...[bucket, ...inputs.map((input) => input.bucket)].map(bucketWithPolicy));
  if (delivery !== undefined) {
    tellDelivery(build, delivery, bucket, options.modelName);
  }
  return build;
}

/** The state machine of a delivery reads which versions a stack serves from outputs of this name, before and after an update. */
function tellDelivery(build: CustomResource, delivery: IDeliveredModel, bucket: s3.IBucket, modelName: string): void {
  new CfnOutput(build, DELIVERED_OUTPUT, {
    description: `Version of the delivered model ${modelName} that this stack serves`,
    value: Stack.of(build).toJsonString({
      delivery: delivery.serveParameterName,
      model: modelName,
      bucket: bucket.bucketName,
      manifestKey: build.getAttString('ManifestKey'),
      manifestSha256: build.getAttString('ManifestSha256'),
    }),
  });
}

function permissions(scope: Construct, { props, optimization, bucket, keyPrefix }: ModelBuildOptions, keepsPrevious: boolean): iam.Grant[] {
  const provider = BuildProvider.of(scope);
  return [
    ...props.serverImage === undefined ? [] : [provider.allowRead(bucket, [`${SERVER_PREFIX}/*`])],
    provider.allowBuilds(optimization.project, optimization.logGroup, bucket, keyPrefix),
    ...keepsPrevious ? [provider.allowKeeping(bucket, keyPrefix)] : [],
    ...props.retention ? [provider.allowLease(bucket, leasePattern(keyPrefix))] : [],
    ...props.signingKey ? [provider.allowSigning(props.signingKey, bucket, keyPrefix)] : [],
  ];
}
