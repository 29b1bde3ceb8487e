import { join } from 'path';
import type { App } from 'aws-cdk-lib';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import {
  ModelFleet, ModelFunction, ModelMonitor, ModelService, ModelSource, RefusalBehavior, RequestCapture, Rollout, ServingBinary, ServingImage,
} from '../lib';

/** A stack with everything that gives roles further permissions. */
export function everything(app: App): Stack {
  const stack = new Stack(app, 'Everything', { env: { account: '111122223333', region: 'eu-central-1' } });
  const vpc = new ec2.Vpc(stack, 'Vpc');
  const model = ModelSource.fromAsset(join(__dirname, '..', 'examples', 'digits', 'saved_model'));
  const repository = ecr.Repository.fromRepositoryName(stack, 'Repository', 'serving');
  const endpoint = new ModelFunction(stack, 'Function', {
    model, vpc, buildVpc: vpc, tracing: lambda.Tracing.ACTIVE, onRefusal: RefusalBehavior.KEEP_PREVIOUS, artifactRemovalPolicy: RemovalPolicy.DESTROY,
    capture: RequestCapture.sampled({ rate: 0.1, retention: Duration.days(7) }),
  });
  new ModelMonitor(stack, 'Monitor', { endpoint });
  const rollout = canary(stack);
  new ModelFleet(stack, 'Fleet', {
    rollout, embeddedMetrics: true, model, vpc, artifactRemovalPolicy: RemovalPolicy.DESTROY, servingBinary: ServingBinary.fromImage(ServingImage.fromEcrRepository(repository, '2.20.0')), serverLogging: true,
  });
  new ModelService(stack, 'Service', { model, artifactRemovalPolicy: RemovalPolicy.DESTROY, cluster: watchedCluster(stack), rollout });
  return stack;
}

/** A cluster whose kubectl function belongs to the stack. */
function watchedCluster(stack: Stack): eks.ICluster {
  const layer = (id: string) => lambda.LayerVersion.fromLayerVersionArn(stack, id, stack.formatArn({ service: 'lambda', resource: `layer:${id}:1` }));
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Named', { clusterName: 'models' });
  const kubectlProvider = new eks.KubectlProvider(stack, 'Provider', { cluster, kubectlLayer: layer('kubectl'), awscliLayer: layer('awscli') });
  return eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'models', kubectlProvider });
}

function canary(stack: Stack): Rollout {
  const alarm = cloudwatch.Alarm.fromAlarmArn(stack, 'Alarm', stack.formatArn({ service: 'cloudwatch', resource: 'alarm:orders' }));
  return Rollout.canary({ percent: 10, bake: Duration.minutes(5), alarms: [alarm] });
}
