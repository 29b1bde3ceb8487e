import type { App, Stack } from 'aws-cdk-lib';
import { Duration, Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { CanaryRolloutOptions, ModelFleetProps } from '../../lib';
import { Rollout } from '../../lib';
import { fleet } from './fixtures';

const GROUP = 'AWS::AutoScaling::AutoScalingGroup';
const TEMPLATE = 'AWS::EC2::LaunchTemplate';
const CANARY = 'Custom::TensorFlowFleetCanary';
const PLAIN = { percent: 10, bake: Duration.minutes(5) };

const canary = (options: Partial<CanaryRolloutOptions> = {}, props: Partial<ModelFleetProps> = {}) => (
  fleet({ ...props, rollout: Rollout.canary({ ...PLAIN, ...options }) }));
const orders = (stack: Stack) => cloudwatch.Alarm.fromAlarmArn(stack, 'Orders', 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders');

/** A resource whose logical id begins like this, with its id. */
function named(stack: Stack, type: string, prefix: string): { id: string; resource: any; properties: any } {
  const [id, resource] = Object.entries<any>(Template.fromStack(stack).findResources(type)).find(([name]) => name.startsWith(prefix))!;
  return { id, resource, properties: resource.Properties };
}

const stable = (stack: Stack) => named(stack, GROUP, 'DigitsGroup');
const first = (stack: Stack) => named(stack, GROUP, 'DigitsCanaryGroup');
const gate = (stack: Stack) => named(stack, CANARY, 'DigitsCanaryBake');

describe('a fleet with a canary', () => {
  test('updates the canary first, then waits for its bake, and then updates the other instances', () => {
    const { stack } = canary();

    expect(gate(stack).resource.DependsOn).toContain(first(stack).id);
    expect(stable(stack).resource.DependsOn).toContain(gate(stack).id);
    expect(first(stack).resource.DependsOn).not.toContain(gate(stack).id);
  });

  test('has it behind the same load balancer, where it waits for the boot signals of its own group', () => {
    const { stack, digits } = canary();
    const script = (prefix: string) => JSON.stringify(named(stack, TEMPLATE, prefix).properties.LaunchTemplateData.UserData);

    expect(first(stack).properties.TargetGroupARNs).toEqual(stable(stack).properties.TargetGroupARNs);
    expect(first(stack).properties.TargetGroupARNs).toHaveLength(2);
    expect(first(stack).resource.UpdatePolicy.AutoScalingRollingUpdate).toMatchObject({ WaitOnResourceSignals: true, MinSuccessfulInstancesPercent: 100 });
    expect(script('DigitsCanaryLaunchTemplate')).toContain(`group='${first(stack).id}'`);
    expect(script('DigitsLaunchTemplate')).toContain(`group='${stable(stack).id}'`);
    expect(script('DigitsCanaryLaunchTemplate').replaceAll(first(stack).id, stable(stack).id)).toBe(script('DigitsLaunchTemplate'));
    expect(stack.resolve(digits.canaryAutoScalingGroup!.autoScalingGroupName)).toEqual({ Ref: first(stack).id });
  });

  test.each([[2, 10, 1], [10, 10, 1], [10, 25, 3], [40, 10, 4]])('of %d instances at least and %d percent has %d', (minCapacity, percent, instances) => {
    const { stack } = canary({ percent }, { minCapacity });

    expect(first(stack).properties).toMatchObject({ MinSize: String(instances), MaxSize: String(instances + 1) });
    expect(first(stack).resource.UpdatePolicy.AutoScalingRollingUpdate).toMatchObject({ MinInstancesInService: instances });
    expect(gate(stack).properties.Instances).toBe(String(instances));
    expect(stable(stack).properties).toMatchObject({ MinSize: String(minCapacity), MaxSize: String(2 * minCapacity) });
  });

  test('scales the other group only', () => {
    const policies = Object.values<any>(Template.fromStack(canary().stack).findResources('AWS::AutoScaling::ScalingPolicy'));

    expect(policies.map(({ Properties }) => Properties.AutoScalingGroupName.Ref)).toEqual([stable(canary().stack).id]);
  });

  test('bakes again when the launch template has another version', () => {
    const { stack } = canary();

    expect(gate(stack).properties).toMatchObject({
      GroupName: { Ref: first(stack).id }, BakeSeconds: '300', ServiceTimeout: '960', TargetGroupArns: first(stack).properties.TargetGroupARNs,
      LaunchTemplateVersion: first(stack).properties.LaunchTemplate.Version, LaunchTemplateId: first(stack).properties.LaunchTemplate.LaunchTemplateId,
    });
    expect(gate(stack).properties).not.toHaveProperty('MaxErrorRate');
    expect(gate(stack).properties).not.toHaveProperty('Alarms');
  });

  test('watches the failures that the canary\'s instances publish under a name of their own', () => {
    const { stack } = canary({ maxErrorRate: 0.05 }, { embeddedMetrics: true });
    const fleetName = { 'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, `/${first(stack).id}`]] };

    expect(gate(stack).properties).toMatchObject({ MaxErrorRate: '0.05', Namespace: 'CdkTensorFlow', FleetName: fleetName, ModelName: 'digits' });
    expect(gate(canary({}, { embeddedMetrics: true }).stack).properties.MaxErrorRate).toBe('0.01');
    expect(JSON.stringify(named(stack, TEMPLATE, 'DigitsCanaryLaunchTemplate').properties))
      .toContain(String.raw`\"fleet\": \"",{"Ref":"AWS::StackName"},"/${first(stack).id}\"`);
  });

  test('is live when the other group is, and rolled back from the canary on', () => {
    const { stack, digits } = canary();
    digits.onLive('Live');
    const events = Object.entries<any>(Template.fromStack(stack).findResources('Custom::TensorFlowModelEvent'));
    const [before, live] = ['rolled_back_event', 'live_event'].map((mode) => events.find(([, { Properties }]) => Properties.Mode === mode)!);

    expect(first(stack).resource.DependsOn).toContain(before[0]);
    expect(live[1].DependsOn).toContain(stable(stack).id);
  });

  test('lets the function that watches read, and nothing else', () => {
    const actions = (stack: Stack) => named(stack, 'AWS::IAM::Role', 'DigitsCanaryBakeRole').properties.Policies[0].PolicyDocument.Statement
      .map(({ Action, Resource }: any) => [Action, Resource]);
    const logs = [['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [expect.stringMatching(/^DigitsCanaryBakeLogs/), 'Arn'] }];
    const own = ['cloudformation:DescribeStacks', { Ref: 'AWS::StackId' }];
    const always = ['autoscaling:DescribeAutoScalingGroups', 'elasticloadbalancing:DescribeTargetHealth'];

    expect(actions(canary().stack)).toEqual([logs, own, [always, '*']]);
    const { stack } = fleet((scope) => ({ embeddedMetrics: true, rollout: Rollout.canary({ ...PLAIN, alarms: [orders(scope)] }) }));
    expect(actions(stack)).toEqual([logs, own, [[...always, 'cloudwatch:GetMetricData', 'cloudwatch:DescribeAlarms'], '*']]);
    expect(gate(stack).properties.Alarms).toEqual(['orders']);
    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations.filter(({ ruleName }) => !/VPC7/.test(ruleName))).toEqual([]);
  });
});

test.each([undefined, Rollout.allAtOnce()])('a fleet without a canary has one group, and no function', (rollout) => {
  const { stack, digits } = fleet({ rollout });

  Template.fromStack(stack).resourceCountIs(GROUP, 1);
  Template.fromStack(stack).resourceCountIs(TEMPLATE, 1);
  Template.fromStack(stack).resourceCountIs(CANARY, 0);
  expect(digits.canaryAutoScalingGroup).toBeUndefined();
});

describe('refused at synth', () => {
  test.each<[string, Partial<CanaryRolloutOptions>, Partial<ModelFleetProps>, RegExp]>([
    ['a longer bake than a function can wait', { bake: Duration.minutes(14) }, {}, /rollout\.bake in minutes must be between 1 and 13, got 14: the function that watches the canary ends/],
    ['an error rate that nobody counts', { maxErrorRate: 0.1 }, {}, /rollout\.maxErrorRate needs embeddedMetrics, because a network load balancer counts no requests/],
    ['a limit for the latency', { maxLatency: Duration.millis(100) }, { embeddedMetrics: true }, /rollout\.maxLatency must be left out for a ModelFleet/],
    ['a number of instances that is not known', {}, { minCapacity: Lazy.number({ produce: () => 3 }), maxCapacity: 9 }, /rollout needs a minCapacity that is known/],
    ['a share that is none', { percent: 0 }, {}, /rollout\.percent must be between 1 and 99, got 0/],
  ])('%s', (_, options, props, problem) => {
    expect(() => canary(options, props)).toThrow(problem);
  });

  test('growing steps, with what can be used instead', () => {
    const rollout = Rollout.linear({ percent: 10, interval: Duration.minutes(5) });

    expect(() => fleet({ rollout })).toThrow(/rollout must not be Rollout\.linear\(\) for a ModelFleet, whose instances .*: use Rollout\.canary\(\)/);
  });
});
