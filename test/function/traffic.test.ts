import { App, Duration, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelFunctionProps } from '../../lib';
import { ModelDelivery, ModelSource, Rollout } from '../../lib';
import { emptyStack, FLAG_SETS, modelFunction, resourceOf, UNBUNDLED } from './fixtures';

const TEN = { percent: 10, bake: Duration.minutes(5) };
const CANARY = Rollout.canary(TEN);

function stackOf(props: Partial<ModelFunctionProps>, flags = {}) {
  const stack = emptyStack(flags);
  modelFunction(stack, props);
  return stack;
}

describe.each(FLAG_SETS)('traffic %s', (_, flags) => {
  test('takes a timeout that is known only when the stack is deployed beside a maxLatency', () => {
    const timeout = Duration.seconds(Lazy.number({ produce: () => 20 }));
    const stack = stackOf({ timeout, rollout: Rollout.canary({ ...TEN, maxLatency: Duration.seconds(2) }) }, flags);

    expect(resourceOf(stack, 'AWS::CloudWatch::Alarm', 'DigitsTrafficShiftLatency').properties.Threshold).toBe(2000);
    expect(resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties.Timeout).toBe(20);
  });

  test('moves at once by default: no CodeDeploy, no alarm', () => {
    const template = Template.fromStack(stackOf({}, flags));

    template.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 0);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    expect(Template.fromStack(stackOf({ rollout: Rollout.allAtOnce() }, flags)).toJSON()).toEqual(template.toJSON());
  });

  test('shifts as rollout says, and back when an alarm goes off', () => {
    const stack = stackOf({ rollout: CANARY }, flags);

    const group = resourceOf(stack, 'AWS::CodeDeploy::DeploymentGroup');
    const alarms = Object.keys(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
    expect(group.properties).toMatchObject({
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      AlarmConfiguration: { Enabled: true, Alarms: alarms.map((id) => ({ Name: { Ref: id } })) },
      AutoRollbackConfiguration: { Enabled: true, Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'] },
    });
    expect(alarms).toHaveLength(2);
    expect(resourceOf(stack, 'AWS::Lambda::Alias').resource.UpdatePolicy.CodeDeployLambdaAliasUpdate.DeploymentGroupName).toEqual({ Ref: group.id });
  });

  test.each<[string, Rollout, Record<string, unknown>]>([
    ['a canary', Rollout.canary({ percent: 25, bake: Duration.minutes(7) }),
      { Type: 'TimeBasedCanary', TimeBasedCanary: { CanaryInterval: 7, CanaryPercentage: 25 } }],
    ['steps', Rollout.linear({ percent: 20, interval: Duration.minutes(4) }), { Type: 'TimeBasedLinear', TimeBasedLinear: { LinearInterval: 4, LinearPercentage: 20 } }],
  ])('has a configuration of its own for %s that CodeDeploy has none for', (_name, rollout, TrafficRoutingConfig) => {
    const stack = stackOf({ rollout }, flags);

    const configuration = resourceOf(stack, 'AWS::CodeDeploy::DeploymentConfig');
    expect(configuration.properties).toMatchObject({ ComputePlatform: 'Lambda', TrafficRoutingConfig });
    expect(resourceOf(stack, 'AWS::CodeDeploy::DeploymentGroup').properties.DeploymentConfigName).toEqual({ Ref: configuration.id });
  });

  test.each<[Rollout, string]>([
    [Rollout.canary({ percent: 10, bake: Duration.minutes(30) }), 'CodeDeployDefault.LambdaCanary10Percent30Minutes'],
    [Rollout.linear({ percent: 10, interval: Duration.minutes(1) }), 'CodeDeployDefault.LambdaLinear10PercentEvery1Minute'],
  ])('uses CodeDeploy\'s own configuration where there is one: %#', (rollout, name) => {
    const stack = stackOf({ rollout }, flags);

    expect(resourceOf(stack, 'AWS::CodeDeploy::DeploymentGroup').properties.DeploymentConfigName).toBe(name);
    Template.fromStack(stack).resourceCountIs('AWS::CodeDeploy::DeploymentConfig', 0);
  });

  test('the alarms watch only the new version, its errors and its latency', () => {
    const stack = stackOf({ rollout: CANARY, timeout: Duration.seconds(8) }, flags);

    const dimensions = Match.arrayWith([{ Name: 'ExecutedVersion', Value: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Lambda::Version').id, 'Version'] } }]);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 0.01,
      TreatMissingData: 'notBreaching',
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: '(errors + FILL(failures, 0)) / invocations' }),
        Match.objectLike({ Id: 'errors', MetricStat: Match.objectLike({ Stat: 'Sum', Metric: Match.objectLike({ MetricName: 'Errors', Dimensions: dimensions }) }) }),
        Match.objectLike({
          Id: 'failures',
          MetricStat: Match.objectLike({
            Stat: 'Sum',
            Metric: {
              Namespace: 'CdkTensorFlow',
              MetricName: 'Errors',
              Dimensions: Match.arrayWith([{ Name: 'FunctionVersion', Value: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Lambda::Version').id, 'Version'] } }]),
            },
          }),
        }),
      ]),
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 4000, ExtendedStatistic: 'p99', MetricName: 'Duration', Dimensions: dimensions, TreatMissingData: 'notBreaching',
    });
  });

  test('the alarm is on Lambda\'s own errors only, if nothing counts the errors that the handler answers', () => {
    const template = Template.fromStack(stackOf({ rollout: CANARY, embeddedMetrics: false }, flags));

    template.hasResourceProperties('AWS::CloudWatch::Alarm', { Metrics: Match.arrayWith([Match.objectLike({ Expression: 'errors / invocations' })]) });
  });

  test('limits and more alarms can be given', () => {
    const stack = emptyStack(flags);
    const mine = new cloudwatch.Alarm(stack, 'Mine', { metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Orders' }), threshold: 1, evaluationPeriods: 1 });

    modelFunction(stack, { rollout: Rollout.canary({ ...TEN, maxErrorRate: 0.1, maxLatency: Duration.millis(250), alarms: [mine] }) });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 0.1, Metrics: Match.anyValue() });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 250 });
    template.hasResourceProperties('AWS::CodeDeploy::DeploymentGroup', {
      AlarmConfiguration: { Alarms: Match.arrayWith([{ Name: stack.resolve(mine.alarmName) }]) },
    });
  });

  test('more alarms than CodeDeploy takes are refused', () => {
    const stack = emptyStack(flags);
    const metric = new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Orders' });
    const alarms = Array.from({ length: 9 }, (_unused, index) => new cloudwatch.Alarm(stack, `Mine${index}`, { metric, threshold: index, evaluationPeriods: 1 }));
    const withAlarms = (count: number, id: string) => () => modelFunction(stack, { rollout: Rollout.canary({ ...TEN, alarms: alarms.slice(0, count) }) }, id);

    expect(withAlarms(9, 'Nine')).toThrow('rollout.alarms must have at most 8 alarms, got 9: CodeDeploy watches ten, and two are the function\'s own');
    withAlarms(8, 'Eight')();
    expect(resourceOf(stack, 'AWS::CodeDeploy::DeploymentGroup', 'Eight').properties.AlarmConfiguration.Alarms).toHaveLength(10);
  });

  test('the AwsSolutions pack has no finding with shifting, scaling, /tmp and traces', () => {
    const stack = stackOf({
      rollout: CANARY, provisionedConcurrentExecutions: 1, maxProvisionedConcurrentExecutions: 4, tracing: lambda.Tracing.ACTIVE,
      ephemeralStorageSize: Size.gibibytes(1),
    }, flags);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});

describe('provisioned instances', () => {
  test('have the given number', () => {
    expect(resourceOf(stackOf({ provisionedConcurrentExecutions: 3 }), 'AWS::Lambda::Alias').properties)
      .toMatchObject({ ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 } });
  });

  test('scale with their utilization if there is a maximum', () => {
    const stack = stackOf({ provisionedConcurrentExecutions: 1, maxProvisionedConcurrentExecutions: 10, provisionedConcurrencyUtilization: 0.5 });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 1, MaxCapacity: 10 });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 0.5, PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' } },
    });
    expect(resourceOf(stack, 'AWS::Lambda::Alias').properties).not.toHaveProperty('ProvisionedConcurrencyConfig');
  });

  test.each<[string, Partial<ModelFunctionProps>, string[]]>([
    ['alone', { provisionedConcurrentExecutions: 4 }, []],
    ['with a rollout', { provisionedConcurrentExecutions: 4, rollout: CANARY }, ['change the number and the model in separate deployments']],
    ['in a reserve for one version', { provisionedConcurrentExecutions: 4, reservedConcurrentExecutions: 8 }, ['up to 4 provisioned executions each: reserve 9']],
    ['in a reserve for two versions', { provisionedConcurrentExecutions: 4, reservedConcurrentExecutions: 9 }, []],
    ['scaling in a reserve for one version', { provisionedConcurrentExecutions: 1, maxProvisionedConcurrentExecutions: 4, reservedConcurrentExecutions: 5 }, ['reserve 9']],
  ])('%s warn of what an update may lack', (_, props, expected) => {
    const warned = Annotations.fromStack(stackOf(props)).findWarning('*', Match.stringLikeRegexp('Provisioned')).map(({ entry }) => entry.data);

    expect(warned).toEqual(expected.map((words) => expect.stringContaining(words)));
  });
});

test.each<[string, Partial<ModelFunctionProps>, Record<string, unknown>]>([
  ['snapStart', { snapStart: true }, { SnapStart: { ApplyOn: 'PublishedVersions' } }],
  ['ephemeralStorageSize', { ephemeralStorageSize: Size.gibibytes(2) }, { EphemeralStorage: { Size: 2048 } }],
  ['tracing', { tracing: lambda.Tracing.ACTIVE }, { TracingConfig: { Mode: 'Active' } }],
])('%s reaches the function', (_, props, expected) => {
  expect(resourceOf(stackOf(props), 'AWS::Lambda::Function', 'Digits').properties).toMatchObject(expected);
});

test('snapStart prints no warning that published versions are needed: the alias names one', () => {
  const stack = stackOf({ snapStart: true });

  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('SnapStart only supports published'));
});

describe('refused', () => {
  test.each<[string, Partial<ModelFunctionProps>, RegExp]>([
    ['snapStart with provisioned concurrency', { snapStart: true, provisionedConcurrentExecutions: 1 }, /exclude each other on Lambda: provisioned instances answer at once.*leave one of them out/],
    ['snapStart with a large /tmp', { snapStart: true, ephemeralStorageSize: Size.gibibytes(1) }, /at most 512 MiB of ephemeralStorageSize, got 1024: leave ephemeralStorageSize out, or use provisioned/],
    ['a /tmp larger than there is', { ephemeralStorageSize: Size.mebibytes(10_241) }, /between 512 and 10240, got 10241/],
    ['more provisioned than reserved', { provisionedConcurrentExecutions: 5, reservedConcurrentExecutions: 4 }, /more than the 5 executions that may be provisioned, got 4: .*reserve at least 6/],
    ['as many provisioned as reserved, which leaves nothing to ask a new version', { provisionedConcurrentExecutions: 5, reservedConcurrentExecutions: 5 },
      /more than the 5 executions that may be provisioned, got 5: .*every update would fail; reserve at least 6/],
    ['as many provisioned at most as reserved', { provisionedConcurrentExecutions: 1, maxProvisionedConcurrentExecutions: 5, reservedConcurrentExecutions: 5 },
      /reserve at least 6/],
    ['more provisioned at most than reserved', { provisionedConcurrentExecutions: 1, maxProvisionedConcurrentExecutions: 9, reservedConcurrentExecutions: 4 }, /more than the 9 executions that may be provisioned, got 4/],
    ['a maximum below the minimum', { provisionedConcurrentExecutions: 5, maxProvisionedConcurrentExecutions: 4 }, /at least provisionedConcurrentExecutions \(5\), got 4/],
    ['a maximum alone', { maxProvisionedConcurrentExecutions: 4 }, /no effect without provisionedConcurrentExecutions/],
    ['a utilization that nothing follows', { provisionedConcurrentExecutions: 1, provisionedConcurrencyUtilization: 0.5 }, /no effect without maxProvisionedConcurrentExecutions/],
    ['a utilization above 0.9', { provisionedConcurrentExecutions: 1, maxProvisionedConcurrentExecutions: 2, provisionedConcurrencyUtilization: 0.95 }, /between 0.1 and 0.9, got 0.95/],
    ['none provisioned', { provisionedConcurrentExecutions: 0 }, /got 0: leave it out to keep none ready/],
    ['half a minute', { rollout: Rollout.canary({ ...TEN, bake: Duration.seconds(90) }) }, /rollout\.bake in minutes must be a whole number between 1 and 2880, got 1\.5/],
    ['a step of nothing', { rollout: Rollout.linear({ percent: 0, interval: Duration.days(3) }) }, /rollout\.percent must be between 1 and 99, got 0[^]*rollout\.interval in minutes must be between 1 and 2880, got 4320/],
    ['more steps than CodeDeploy has time for', { rollout: Rollout.linear({ percent: 1, interval: Duration.minutes(30) }) },
      /takes 2970 minutes from its first step to its last, with 1 percent every 30 minutes, and CodeDeploy allows 2880: give a larger percent/],
    ['a percentage', { rollout: Rollout.canary({ ...TEN, maxErrorRate: 5 }) }, /rollout\.maxErrorRate must be between 0 and 1, got 5: it is a share/],
    ['a latency that the timeout hides', { rollout: Rollout.canary({ ...TEN, maxLatency: Duration.seconds(30) }) }, /less than timeout \(30000 ms\), got 30000 ms/],
    ['half of an unknown timeout', { rollout: CANARY, timeout: Duration.seconds(Lazy.number({ produce: () => 5 })) }, /rollout\.maxLatency must be given where timeout is a token/],
  ])('%s', (_, props, message) => {
    expect(() => stackOf(props)).toThrow(message);
  });

  test('none of the steps that take just as long as CodeDeploy allows', () => {
    expect(() => stackOf({ rollout: Rollout.linear({ percent: 33, interval: Duration.minutes(960) }) })).not.toThrow();
  });

  test.each<[string, number, Rollout]>([
    ['a bake', 541, Rollout.canary({ ...TEN, bake: Duration.minutes(541) })],
    ['steps', 990, Rollout.linear({ percent: 25, interval: Duration.minutes(330) })],
  ])('%s that a delivery of the model cannot wait for', (_kind, minutes, rollout) => {
    const deliveredTo = (longest: Rollout) => {
      const app = new App({ context: UNBUNDLED });
      const delivery = new ModelDelivery(new Stack(app, 'Delivery'), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
      return () => modelFunction(new Stack(app, 'Serving'), { model: ModelSource.fromDelivery(delivery), rollout: longest });
    };

    expect(deliveredTo(rollout)).toThrow(`rollout takes ${minutes} minutes, and the delivery of the model, which waits for its end, fails after 600 minutes, `
      + 'of which the build needs an hour: make it take at most 540 minutes');
    expect(deliveredTo(Rollout.canary({ ...TEN, bake: Duration.minutes(540) }))).not.toThrow();
    expect(() => stackOf({ rollout })).not.toThrow();
  });

  test('all at once', () => {
    const rollout = Rollout.canary({ ...TEN, percent: 0 });
    expect(() => stackOf({ snapStart: true, provisionedConcurrentExecutions: 1, ephemeralStorageSize: Size.gibibytes(1), rollout }))
      .toThrow(/^3 problems:/);
  });
});
