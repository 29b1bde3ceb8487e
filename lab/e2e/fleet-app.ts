import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { FleetStack } from '../../bin/fleet-stack';
import { ModelServer, OptimizationRecipe, QualityGate, QualityMetric, RequestCapture, Rollout, ServerCertificate, ServingBinary, ServingImage } from '../../lib';
import { alarmNamed, createAlarm } from './complaints';
import { hearVersions } from './heard-versions';

/** The app that fleet.test.ts deploys: the example's stack, with what a test changes as context. */
const app = new App();
const image = app.node.tryGetContext('image');
const server = app.node.tryGetContext('server');
const isLiteRt = server === ModelServer.LITERT;

const alarmName = app.node.tryGetContext('alarm');
const secretArn = app.node.tryGetContext('secret');
const maxRelativeError = app.node.tryGetContext('maxRelativeError');

const stack = new FleetStack(app, 'Fleet', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: app.node.tryGetContext('model') ?? 'examples/digits/saved_model',
  server: isLiteRt ? ModelServer.LITERT : undefined,
  ...isLiteRt ? {} : { servingBinary: image ? ServingBinary.fromImage(ServingImage.fromRegistry(image)) : ServingBinary.fromAsset(server) },
  ...secretArn ? {
    serverCertificate: ServerCertificate.fromSecretsManager(Secret.fromSecretCompleteArn(new Stack(app, 'Secrets'), 'Certificate', secretArn)),
    serverFlags: { tls_secret_refresh_in_seconds: 1 },
  } : {},
  recipe: app.node.tryGetContext('recipe') === 'none' ? OptimizationRecipe.none() : undefined,
  evaluation: app.node.tryGetContext('notWorse') ? 'examples/digits/evaluation.npz' : undefined,
  gate: app.node.tryGetContext('notWorse') ? QualityGate.notWorseThanServing({ metric: QualityMetric.accuracy(), margin: 0.02 }) : undefined,
  minCapacity: 1,
  explorer: isLiteRt,
  capture: isLiteRt ? RequestCapture.sampled({ rate: 1, retention: Duration.days(7) }) : undefined,
  replay: maxRelativeError ? { maxRelativeError: Number(maxRelativeError), acceptVersion: app.node.tryGetContext('acceptVersion') } : undefined,
  bootTimeout: Duration.minutes(5),
  // gRPC connections end by themselves in half of this time.
  connectionDraining: Duration.seconds(20),
  ...alarmName ? { embeddedMetrics: true, rollout: Rollout.canary({ percent: 50, bake: Duration.minutes(1), alarms: [alarmNamed(app, alarmName)] }) } : {},
});

if (stack.endpoint.captureBucket) {
  new CfnOutput(stack, 'CaptureBucket', { value: stack.endpoint.captureBucket.bucketName });
}

if (alarmName) {
  createAlarm(stack, alarmName);
  hearVersions(stack, stack.endpoint);
}
