import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ServiceStack } from '../../bin/service-stack';
import { ModelService, ModelSource, Rollout } from '../../lib';
import { alarmNamed, createAlarm } from './complaints';
import { hearVersions } from './heard-versions';
import { addPorted, preset, SECTIONS } from './ported';

const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
const ALARM = 'complaints';
const rolloutTimeout = Duration.seconds(Number(context('rolloutSeconds') ?? 300));

/**
 * The example of a service, with a canary that an alarm ends, a shorter timeout, what hears of its versions, and the role by which the other stack
 * applies objects.
 */
function example(id: string): void {
  const stack = new ServiceStack(app, id, {
    env, rolloutTimeout, model: context('model')!, evaluation: context('data'), cpuFeatures: context('cpuFeatures')?.split(','),
    rollout: Rollout.canary({ percent: 33, bake: Duration.minutes(1), alarms: [alarmNamed(app, ALARM)] }),
  });
  createAlarm(stack, ALARM);
  hearVersions(stack, stack.endpoint);
  const role = new iam.Role(stack, 'PortingRole', {
    roleName: 'my-kubectl-role',
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaBasicExecutionRole')],
  });
  stack.cluster.grantClusterAdmin('PortingRole', role.roleArn);
}

/** The service of docs/porting.md by the page's own code, in the cluster of the example, whose four pods leave little room on real nodes of two processors. */
function ported(id: string): void {
  // The paths of the page start here.
  process.chdir(context('directory')!);
  const stack = new Stack(app, id, { env });
  addPorted(stack, SECTIONS.service, {
    eks, iam, ModelSource, ModelService: preset(ModelService, { rolloutTimeout, cpuRequest: 0.25 }), kubectlLayer: new KubectlV36Layer(stack, 'KubectlLayer'),
  }, { 'my-cluster': context('cluster')!, '111122223333': env.account! });
}

(context('stack') === 'Ported' ? ported : example)(context('stack')!);
