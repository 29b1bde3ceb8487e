import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { ModelAlarms, ModelFunction, ModelHook, ModelSource, RequestCapture, Rollout } from '../../lib';

/**
 * The app that the test of traffic shifting deploys: a function that half of the traffic tries first, and whose requests are captured. Everything that
 * changes is context.
 */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

const stack = new Stack(app, context('stack') ?? 'Endpoint', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
const hook = context('hook');
const endpoint = new ModelFunction(stack, 'Points', {
  model: ModelSource.fromAsset(context('model')!),
  hook: hook ? ModelHook.fromAsset(hook, { checkEventFile: `${hook}.json` }) : undefined,
  capture: RequestCapture.sampled({ rate: 1, retention: Duration.days(7) }),
  replay: context('maxDisagreement') ? { maxDisagreement: Number(context('maxDisagreement')) } : undefined,
  rollout: Rollout.canary({ percent: 50, bake: Duration.minutes(Number(context('minutes'))) }),
});
new ModelAlarms(stack, 'Alarms', { endpoint, maxLatency: Duration.seconds(5) });
const url = endpoint.addFunctionUrl();

new CfnOutput(stack, 'Url', { value: url.url });
new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
new CfnOutput(stack, 'CaptureBucket', { value: endpoint.captureBucket!.bucketName });
new CfnOutput(stack, 'Version', { value: endpoint.optimizer!.version });
