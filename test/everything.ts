import { join } from 'path';
import type { App } from 'aws-cdk-lib';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import {
  EvaluationData, ModelFleet, ModelFunction, ModelMonitor, ModelServer, ModelService, ModelSource, RefusalBehavior, RequestCapture, Rollout, ServingBinary,
  ServingImage,
} from '../lib';
import { watchedCluster } from './kubernetes/fixtures';

/** A stack with everything that gives roles further permissions. */
export function everything(app: App): Stack {
  const stack = new Stack(app, 'Everything', { env: { account: '111122223333', region: 'eu-central-1' } });
  const vpc = new ec2.Vpc(stack, 'Vpc');
  const model = ModelSource.fromAsset(join(__dirname, '..', 'examples', 'digits', 'saved_model'));
  const repository = ecr.Repository.fromRepositoryName(stack, 'Repository', 'serving');
  const capture = RequestCapture.sampled({ rate: 0.1, retention: Duration.days(7) });
  const replay = { maxDisagreement: 0.05 };
  const endpoint = new ModelFunction(stack, 'Function', {
    model, vpc, buildVpc: vpc, tracing: lambda.Tracing.ACTIVE, onRefusal: RefusalBehavior.KEEP_PREVIOUS, artifactRemovalPolicy: RemovalPolicy.DESTROY,
    capture, replay, evaluation: EvaluationData.fromAsset(join(__dirname, '..', 'examples', 'digits', 'evaluation.npz')),
  });
  new ModelMonitor(stack, 'Monitor', { endpoint });
  const rollout = canary(stack);
  new ModelFleet(stack, 'Fleet', {
    rollout, embeddedMetrics: true, model, vpc, artifactRemovalPolicy: RemovalPolicy.DESTROY, servingBinary: ServingBinary.fromImage(ServingImage.fromEcrRepository(repository, '2.20.0')), serverLogging: true,
  });
  const cluster = watchedCluster(stack);
  new ModelService(stack, 'Service', { model, artifactRemovalPolicy: RemovalPolicy.DESTROY, cluster, rollout });
  const replayed = { model, artifactRemovalPolicy: RemovalPolicy.DESTROY, server: ModelServer.LITERT, capture, replay };
  new ModelFleet(stack, 'ReplayedFleet', { ...replayed, vpc });
  new ModelService(stack, 'ReplayedService', { ...replayed, cluster });
  return stack;
}

function canary(stack: Stack): Rollout {
  const alarm = cloudwatch.Alarm.fromAlarmArn(stack, 'Alarm', stack.formatArn({ service: 'cloudwatch', resource: 'alarm:orders' }));
  return Rollout.canary({ percent: 10, bake: Duration.minutes(5), alarms: [alarm] });
}
