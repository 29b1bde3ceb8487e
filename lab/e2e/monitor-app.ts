import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { EvaluationData, ModelFunction, ModelMonitor, ModelSource, RequestCapture } from '../../lib';

/** A function whose requests are captured, what compares them with its evaluation data, and a queue for events of drift. A key encrypts models and requests. */
const app = new App();
const context = (name: string): string => app.node.tryGetContext(name);

const stack = new Stack(app, 'Endpoint', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION } });
const encryptionKey = new kms.Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY });
const endpoint = new ModelFunction(stack, 'Points', {
  model: ModelSource.fromAsset(context('model')),
  evaluation: EvaluationData.fromAsset(context('data')),
  capture: RequestCapture.sampled({ rate: 1, retention: Duration.days(7), encryptionKey }),
  encryptionKey,
});
const monitor = new ModelMonitor(stack, 'Monitor', { endpoint });
const events = new sqs.Queue(stack, 'Events');
monitor.onDrift('Drifted', { target: new events_targets.SqsQueue(events) });

new CfnOutput(stack, 'Url', { value: endpoint.addFunctionUrl().url });
new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
new CfnOutput(stack, 'Version', { value: endpoint.optimizer!.version });
new CfnOutput(stack, 'CaptureBucket', { value: endpoint.captureBucket!.bucketName });
new CfnOutput(stack, 'ProjectName', { value: monitor.project.projectName });
new CfnOutput(stack, 'ScheduleName', { value: monitor.schedule.scheduleName });
new CfnOutput(stack, 'AlarmName', { value: monitor.driftAlarm.alarmName });
new CfnOutput(stack, 'QueueUrl', { value: events.queueUrl });
