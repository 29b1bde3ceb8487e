import type { App, Stack } from 'aws-cdk-lib';
import { Duration, Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { CanaryRolloutOptions } from '../../lib';
import { Rollout } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { deployed, emptyStack, FLAG_SETS, MANIFEST, modelService, objectOf, objectsOf, resourceOf, stackWith, watchedCluster } from './fixtures';

const CANARY = 'Custom::TensorFlowCanary';
const ROLLOUT = 'Custom::TensorFlowRollout';
const TEN = { percent: 10, bake: Duration.minutes(5) };

/** A stack with a service in a cluster whose kubectl function is the app's own. */
function stackOf(canary: Partial<CanaryRolloutOptions> = {}, props: Partial<ModelServiceProps> = {}, flags = {}): Stack {
  const stack = emptyStack(flags);
  modelService(stack, { cluster: watchedCluster(stack), rollout: Rollout.canary({ ...TEN, ...canary }), ...props });
  return stack;
}

const pods = (stack: Stack, suffix: string) => objectsOf(stack).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `digits${suffix}`);
const refused = (canary: Partial<CanaryRolloutOptions>, props: Partial<ModelServiceProps> = {}) => () => stackOf(canary, props);

describe.each(FLAG_SETS)('a canary %s', (_, flags) => {
  test('gets a version first: the other Deployment waits for its pods, and then for the end of its bake', () => {
    const stack = stackOf({}, {}, flags);
    const manifests = Object.entries(Template.fromStack(stack).findResources(MANIFEST));
    const [canary, stable] = ['Canary', 'Deployment'].map((name) => manifests.find(([id]) => new RegExp(`Objects.*${name}[0-9A-F]{8}$`).test(id))!);
    const available = resourceOf(stack, ROLLOUT, 'DigitsCanaryRollout');
    const baked = resourceOf(stack, CANARY);

    expect(available.resource.DependsOn).toContain(canary[0]);
    expect(baked.resource.DependsOn).toContain(available.id);
    expect(stable[1].DependsOn).toContain(baked.id);
    expect(canary[1].DependsOn).not.toContain(stable[0]);
  });

  test('is watched by its own pods, its metrics and the limits', () => {
    const stack = stackOf({ maxErrorRate: 0.05, maxLatency: Duration.millis(250) }, { namespaceName: 'models', restPort: 9001 }, flags);

    const instance = 'app.kubernetes.io/name=tensorflow-serving,app.kubernetes.io/instance=digits,cdk-tensorflow/rollout=';
    expect(deployed(resourceOf(stack, CANARY).properties)).toMatchObject({
      ClusterName: 'models', Namespace: 'models', Name: 'digits-canary', StableName: 'digits', Replicas: '1', BakeSeconds: '300',
      Port: '9001', Path: '/monitoring/prometheus/metrics', MaxErrorRate: '0.05', MaxLatencyMilliseconds: '250', ServiceTimeout: '960',
      Selector: `${instance}${pods(stack, '-canary').spec.template.metadata.labels['cdk-tensorflow/rollout']}`,
      StableSelector: `${instance}${pods(stack, '').spec.template.metadata.labels['cdk-tensorflow/rollout']}`,
    });
    expect(deployed(resourceOf(stack, ROLLOUT, 'DigitsCanaryRollout').properties)).toMatchObject({ Name: 'digits-canary', Replicas: '1', TimeoutSeconds: '840' });
    expect(deployed(resourceOf(stack, ROLLOUT, 'DigitsRollout').properties)).toMatchObject({ Name: 'digits', Replicas: '3' });
  });

  test('the AwsSolutions pack has no finding with alarms', () => {
    const stack = stackOf({ alarms: [cloudwatch.Alarm.fromAlarmArn(emptyStack(), 'Orders', 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:orders')] }, {}, flags);
    const { violations } = new AwsSolutionsChecks(stack.node.root as App).validateScope(stack);

    // The kubectl function's own are the CDK's.
    expect(violations.filter((violation) => JSON.stringify(violation).includes('CanaryBake'))).toEqual([]);
  });
});

test('serves with the others, and the autoscaler scales the others only', () => {
  const stack = stackOf();
  const { selector } = objectOf(stack, 'Service', 'digits').spec;

  expect(pods(stack, '-canary').spec.template.metadata.labels).toMatchObject(selector);
  expect(pods(stack, '').spec.template.metadata.labels).not.toHaveProperty('cdk-tensorflow/track');
  expect(objectOf(stack, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe('digits');
  expect(pods(stack, '-canary').spec.template.spec).toEqual(pods(stack, '').spec.template.spec);
});

test.each<[number, Partial<ModelServiceProps>, number]>([
  [10, {}, 1],
  [50, { replicas: 3 }, 2],
  [10, { minReplicas: 40, maxReplicas: 80 }, 4],
  [1, { replicas: 1 }, 1],
])('%d percent of %j are %d pods', (percent, props, replicas) => {
  const stack = stackOf({ percent }, props);

  expect(pods(stack, '-canary').spec.replicas).toBe(replicas);
  expect(resourceOf(stack, CANARY).properties.Replicas).toBe(String(replicas));
});


test('alarms are named, and the waiting function may read their states', () => {
  const stack = emptyStack();
  const alarms = ['a', 'b'].map((name) => cloudwatch.Alarm.fromAlarmArn(stack, name, `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:${name}`));
  const watched = stackOf({ alarms });

  const { properties, resource } = resourceOf(watched, CANARY);
  const policy = resourceOf(watched, 'AWS::IAM::Policy', 'DigitsCanaryBakeAlarms');
  expect(properties.Alarms).toEqual(['a', 'b']);
  expect(policy.properties.PolicyDocument.Statement).toEqual([{ Action: 'cloudwatch:DescribeAlarms', Effect: 'Allow', Resource: '*' }]);
  expect(resource.DependsOn).toContain(policy.id);
  expect(Template.fromStack(stackOf()).toJSON()).not.toMatchObject({ Resources: { [policy.id]: expect.anything() } });
});

test('Rollout.allAtOnce() is what happens without rollout', () => {
  expect(Template.fromStack(stackWith({ rollout: Rollout.allAtOnce() })).toJSON()).toEqual(Template.fromStack(stackWith()).toJSON());
});

describe('a canary is refused', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['without a size', refused({ percent: 0 }), /rollout\.percent must be between 1 and 99, got 0/],
    ['with half a percent', refused({ percent: 0.5 }), /rollout\.percent must be a whole number between 1 and 99, got 0\.5/],
    ['for seconds', refused({ bake: Duration.seconds(30) }), /rollout\.bake in minutes must be between 1 and 13, got 0\.5: the function that watches the canary ends after 15/],
    ['for a number', refused({ bake: 5 as any }), /rollout\.bake must be a Duration, got 5: give Duration\.seconds\(5\)/],
    ['with a latency of nothing', refused({ maxLatency: Duration.millis(0) }), /rollout\.maxLatency in milliseconds must be between 1 and 900000, got 0/],
    ['with growing steps', () => stackOf({}, { rollout: Rollout.linear({ percent: 10, interval: Duration.minutes(1) }) }), /rollout must not be Rollout\.linear\(\) for a ModelService[^]*use Rollout\.canary/],
    ['for an hour', refused({ bake: Duration.hours(1) }), /rollout\.bake in minutes must be between 1 and 13, got 60/],
    ['with a percentage of errors', refused({ maxErrorRate: 5 }), /rollout\.maxErrorRate must be between 0 and 1, got 5: it is a share/],
    ['with tokens', refused({ percent: Lazy.number({ produce: () => 5 }), bake: Duration.minutes(Lazy.number({ produce: () => 5 })) }), /rollout\.percent must be known[^]*rollout\.bake must be known/],
    ['of an unknown number of pods', refused({}, { replicas: Lazy.number({ produce: () => 5 }) }), /give replicas or minReplicas a number/],
    ['without metrics', refused({}, { monitoring: false }), /rollout needs the server's metrics[^]*leave monitoring out/],
    ['where nothing is applied', refused({}, { applyManifests: false }), /rollout has no effect without applyManifests/],
    ['in a cluster of which only a service token is known', () => stackWith({ rollout: Rollout.canary(TEN) }), /imported with a service token only[^]*a new KubectlProvider as kubectlProvider, or use Rollout\.allAtOnce\(\)/],
    ['where it is something else', () => stackWith({ rollout: { percent: 10 } as any }), /rollout must be a Rollout, got another object: give Rollout\.canary/],
  ])('%s', (_, synthesize, message) => {
    expect(synthesize).toThrow(message);
  });
});
