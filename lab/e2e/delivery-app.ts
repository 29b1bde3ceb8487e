import { App, CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { EvaluationData, ModelDelivery, ModelFunction, ModelSource, QualityGate, QualityMetric, Rollout } from '../../lib';

/** A delivery, the function that serves what is uploaded and shifts its traffic, a queue that hears of it, and a role that operates it. */
const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

const delivering = new Stack(app, 'Delivery', { env });
const delivery = new ModelDelivery(delivering, 'Points', { key: 'models/points.zip', stackNames: ['Endpoint'], pollInterval: Duration.seconds(1) });
const heard = new sqs.Queue(delivering, 'Heard');
delivery.onEvent('Event', { target: new events_targets.SqsQueue(heard) });
new CfnOutput(delivering, 'UploadBucket', { value: delivery.bucket.bucketName });
new CfnOutput(delivering, 'StateMachine', { value: delivery.stateMachine.stateMachineArn });
new CfnOutput(delivering, 'SourceParameter', { value: delivery.sourceParameterName });
new CfnOutput(delivering, 'ServeParameter', { value: delivery.serveParameterName });
new CfnOutput(delivering, 'QueueUrl', { value: heard.queueUrl });

const stack = new Stack(app, 'Endpoint', { env });
const published = new sqs.Queue(stack, 'Published');
const endpoint = new ModelFunction(stack, 'Points', {
  model: ModelSource.fromDelivery(delivery),
  evaluation: EvaluationData.fromAsset(app.node.tryGetContext('data')),
  gate: QualityGate.allOf(QualityGate.maxSize(Size.kibibytes(64)), QualityGate.notWorseThanServing({ metric: QualityMetric.accuracy(), margin: 0.02 })),
  rollout: Rollout.canary({ percent: 50, bake: Duration.minutes(1) }),
});
endpoint.optimizer!.onPublished('Published', { target: new events_targets.SqsQueue(published) });
const operator = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
delivery.grantOperate(operator);
endpoint.optimizer!.grantRead(operator);
new CfnOutput(stack, 'OperatorRole', { value: operator.roleArn });
new CfnOutput(stack, 'PublishedQueueUrl', { value: published.queueUrl });
new CfnOutput(stack, 'Url', { value: endpoint.addFunctionUrl().url });
new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
new CfnOutput(stack, 'Version', { value: endpoint.optimizer!.version });
