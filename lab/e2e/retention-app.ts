import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { ModelDelivery, ModelFunction, ModelSource } from '../../lib';

/** A function that serves what is delivered, of which the two newest versions are kept. A key encrypts them. */
const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

const delivering = new Stack(app, 'Delivery', { env });
const delivery = new ModelDelivery(delivering, 'Points', { key: 'models/points.zip', stackNames: ['Endpoint'], pollInterval: Duration.seconds(1) });
const delivered = new sqs.Queue(delivering, 'Delivered');
delivery.onEvent('Event', { target: new events_targets.SqsQueue(delivered) });
new CfnOutput(delivering, 'UploadBucket', { value: delivery.bucket.bucketName });
new CfnOutput(delivering, 'StateMachine', { value: delivery.stateMachine.stateMachineArn });
new CfnOutput(delivering, 'QueueUrl', { value: delivered.queueUrl });

const stack = new Stack(app, 'Endpoint', { env });
const endpoint = new ModelFunction(stack, 'Points', {
  model: ModelSource.fromDelivery(delivery),
  retention: { versions: 2, age: Duration.days(1) },
  encryptionKey: new kms.Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY }),
});
const pruned = new sqs.Queue(stack, 'Pruned');
endpoint.optimizer!.onPruned('Removed', { target: new events_targets.SqsQueue(pruned) });
new CfnOutput(stack, 'PrunedQueueUrl', { value: pruned.queueUrl });
new CfnOutput(stack, 'PruningFunction', { value: endpoint.optimizer!.pruningFunction!.functionName });
new CfnOutput(stack, 'Url', { value: endpoint.addFunctionUrl().url });
new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
new CfnOutput(stack, 'Version', { value: endpoint.optimizer!.version });
