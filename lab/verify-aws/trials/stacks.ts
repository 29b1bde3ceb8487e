import type { App } from 'aws-cdk-lib';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { exampleModel, exampleOutputs } from '../../../bin/example-model';
import type { ExampleStackProps } from '../../../bin/example-stack-props';
import { LiteRtRuntime, ModelDelivery, ModelFunction, ModelMonitor, ModelSource, RequestCapture, Rollout } from '../../../lib';

export const DELIVERY = 'VerifyDelivery';
export const DELIVERED = 'VerifyDelivered';
export const FUNCTION = 'VerifyParts';
export const KEY = 'digits.zip';

/** Makes a delivery whose failures a queue hears of, and the function that serves what is delivered and keeps two versions. */
export function deliveryStacks(app: App, props: ExampleStackProps): void {
  const { env } = props;
  const stack = new Stack(app, DELIVERY, { env });
  const failures = new sns.Topic(stack, 'Failures', { enforceSSL: true });
  const heard = new sqs.Queue(stack, 'Heard', { enforceSSL: true });
  failures.addSubscription(new subscriptions.SqsSubscription(heard));
  const delivery = new ModelDelivery(stack, 'Delivery', { key: KEY, stackNames: [DELIVERED], failureTopic: failures });
  new CfnOutput(stack, 'UploadBucket', { value: delivery.bucket.bucketName });
  new CfnOutput(stack, 'QueueUrl', { value: heard.queueUrl });

  const serving = new Stack(app, DELIVERED, { env });
  const endpoint = new ModelFunction(serving, 'Digits', { model: ModelSource.fromDelivery(delivery), retention: { versions: 2, age: Duration.days(1) } });
  new CfnOutput(serving, 'Url', { value: endpoint.addFunctionUrl().url });
  new CfnOutput(serving, 'PruningFunction', { value: endpoint.optimizer!.pruningFunction!.functionName });
  exampleOutputs(serving, endpoint);
}

/** Makes a function with the parts that context names: `capture` with a monitor and a signing key, `arm64`, `rollout`, `provisioned`. */
export function functionStack(app: App, props: ExampleStackProps): void {
  const parts = String(app.node.tryGetContext('parts') ?? '').split(',');
  const provisioned = app.node.tryGetContext('provisioned');
  const stack = new Stack(app, FUNCTION, { env: props.env });
  const monitored = parts.includes('capture');
  const endpoint = new ModelFunction(stack, 'Digits', {
    ...exampleModel(stack, props),
    // Without a program for arm64 the default is Python, whose answers would prove nothing about the program.
    ...parts.includes('arm64') && { architecture: lambda.Architecture.ARM_64, liteRtRuntime: LiteRtRuntime.NATIVE },
    rollout: parts.includes('rollout') ? Rollout.canary({ percent: 50, bake: Duration.minutes(1) }) : undefined,
    provisionedConcurrentExecutions: provisioned === undefined ? undefined : Number(provisioned),
    capture: monitored ? RequestCapture.sampled({ rate: 1, retention: Duration.days(1) }) : undefined,
    signingKey: monitored
      ? new kms.Key(stack, 'SigningKey', { keySpec: kms.KeySpec.ECC_NIST_P256, keyUsage: kms.KeyUsage.SIGN_VERIFY, removalPolicy: RemovalPolicy.DESTROY })
      : undefined,
  });
  new CfnOutput(stack, 'Url', { value: endpoint.addFunctionUrl().url });
  new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
  exampleOutputs(stack, endpoint);
  if (monitored) {
    const monitor = new ModelMonitor(stack, 'Monitor', { endpoint });
    new CfnOutput(stack, 'CaptureBucket', { value: monitor.captureBucket.bucketName });
    new CfnOutput(stack, 'MonitorProject', { value: monitor.project.projectName });
  }
}
