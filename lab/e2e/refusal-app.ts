import { App, CfnOutput, CfnResource, Duration, Size, Stack } from 'aws-cdk-lib';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { EvaluationData, ModelAlarms, ModelFunction, ModelSource, QualityGate, QualityMetric, RefusalBehavior } from '../../lib';

/** A function whose deployment survives a refusal, and what hears of it. Everything that a test changes is context. */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

const stack = new Stack(app, context('stack') ?? 'Endpoint', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
const endpoint = new ModelFunction(stack, 'Points', {
  model: ModelSource.fromAsset(context('model')!),
  evaluation: EvaluationData.fromAsset(context('data')!),
  gate: context('maxSizeKibibytes') ? QualityGate.maxSize(Size.kibibytes(Number(context('maxSizeKibibytes'))))
    : context('notWorse') ? QualityGate.notWorseThanServing({ metric: QualityMetric.accuracy(), margin: 0.02 }) : undefined,
  onRefusal: RefusalBehavior.KEEP_PREVIOUS,
  attempt: context('attempt') ? Number(context('attempt')) : undefined,
  memorySize: context('memorySize') ? Size.mebibytes(Number(context('memorySize'))) : undefined,
});
const url = endpoint.addFunctionUrl();
const heard = new sqs.Queue(stack, 'Heard');
endpoint.optimizer!.onRefused('Refused', { target: new events_targets.SqsQueue(heard) });
const alarms = new ModelAlarms(stack, 'Alarms', { endpoint, maxLatency: Duration.seconds(10) });
if (context('broken')) {
  // Fails after the model has changed, so that the stack rolls back: no such type exists.
  new CfnResource(stack, 'Broken', { type: 'AWS::Backup::BackupVault' }).node.addDependency(endpoint);
}

new CfnOutput(stack, 'Url', { value: url.url });
new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
new CfnOutput(stack, 'Version', { value: endpoint.optimizer!.version });
new CfnOutput(stack, 'QueueUrl', { value: heard.queueUrl });
new CfnOutput(stack, 'Alarm', { value: alarms.refusalAlarm!.alarmName });
