import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as custom_resources from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { acknowledgeManagedPolicy, acknowledgeWildcard } from '../private/acknowledge';
import { grantKey } from '../private/key-grant';

export interface ManifestBundleOptions {
  readonly bucket: s3.IBucket;
  readonly key: string;
  /** Common key prefix of this model's bundles. */
  readonly keyPrefix: string;
  readonly content: string;
}

/** Id of the CDK's singleton function for SDK calls in a stack. */
const SDK_CALLS = 'AWS679f53fac002430cb0da5b7982bd2287';

/** Writes the Kubernetes objects to the artifact bucket, with all tokens resolved. Never overwrites a file. */
export class ManifestBundle extends Construct {
  constructor(scope: Construct, id: string, options: ManifestBundleOptions) {
    super(scope, id);
    const { bucket } = options;
    const objects = bucket.arnForObjects(`${options.keyPrefix}*`);
    const call: custom_resources.AwsSdkCall = {
      service: 'S3',
      action: 'putObject',
      parameters: { Bucket: bucket.bucketName, Key: options.key, Body: options.content, ContentType: 'application/yaml', IfNoneMatch: '*' },
      physicalResourceId: custom_resources.PhysicalResourceId.of(options.keyPrefix),
      // An earlier deployment wrote the same objects: the key covers everything that can differ.
      ignoreErrorCodesMatching: 'PreconditionFailed',
      outputPaths: ['ETag'],
    };
    const write = new custom_resources.AwsCustomResource(this, 'Write', {
      resourceType: 'Custom::TensorFlowKubernetesObjects',
      onCreate: call,
      onUpdate: call,
      policy: custom_resources.AwsCustomResourcePolicy.fromStatements([new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: [objects] })]),
      logGroup: Stack.of(this).node.tryFindChild(SDK_CALLS) ? undefined
        : new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
      installLatestAwsSdk: false,
    });
    grantKey(bucket.encryptionKey, write, 'kms:GenerateDataKey')?.applyBefore(write);
    acknowledgeWildcard(write, objects, 'Each version of the model has a file of its own, named when it is deployed');
    const sdkCalls = Stack.of(this).node.findChild(SDK_CALLS) as Construct;
    Validations.of(sdkCalls).acknowledge({ id: 'AwsSolutions-L1', reason: 'The runtime of the CDK\'s custom resources is the CDK\'s choice' });
    acknowledgeManagedPolicy(sdkCalls, iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaBasicExecutionRole').managedPolicyArn,
      'The CDK gives its custom resources this policy, which lets them write logs and nothing else');
  }
}
