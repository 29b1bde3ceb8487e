import { App, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Rollout } from '../../lib';
import { fleet } from '../fleet/fixtures';
import { modelFunction } from '../function/fixtures';
import { modelService } from '../kubernetes/fixtures';

const HERE = { account: '123456789012', region: 'eu-central-1' };

const app = () => new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const canary = (...alarms: cloudwatch.IAlarm[]) => Rollout.canary({ percent: 10, bake: Duration.minutes(5), alarms });
const arn = (region: string, account = HERE.account) => `arn:aws:cloudwatch:${region}:${account}:alarm:orders`;
const imported = (stack: Stack, alarmArn: string) => cloudwatch.Alarm.fromAlarmArn(stack, 'Orders', alarmArn);
const created = (stack: Stack) => new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Orders' })
  .createAlarm(stack, 'Orders', { alarmName: 'orders', threshold: 1, evaluationPeriods: 1 });

/** The lines of the error with which something ends. */
function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  throw new Error('it was accepted');
}

const ENDPOINTS: [string, (stack: Stack, rollout: Rollout) => unknown][] = [
  ['ModelFunction', (stack, rollout) => modelFunction(stack, { rollout })],
  ['ModelService', (stack, rollout) => modelService(stack, { rollout })],
  ['ModelFleet', (stack, rollout) => fleet({ rollout }, stack)],
];

describe.each(ENDPOINTS)('the alarms of the rollout of a %s', (_, endpoint) => {
  test('are refused by their ARN, if it is of another Region', () => {
    const stack = new Stack(app(), 'Stack', { env: HERE });

    expect(() => endpoint(stack, canary(imported(stack, arn('us-east-1'))))).toThrow(
      'rollout.alarms must be in the account and Region of the endpoint, where they are looked up by their names, got '
      + '"arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders" in us-east-1 for an endpoint in eu-central-1: create an alarm in the endpoint\'s Region, on a metric that is published there',
    );
  });

  test('are refused by the environment of their stack, with all that is wrong with it', () => {
    const scope = app();
    const alarm = created(new Stack(scope, 'Elsewhere', { env: { account: '999999999999', region: 'us-east-1' } }));

    const message = (there: string, here: string, name: string) => (
      `got "Elsewhere/Orders" in ${there} for an endpoint in ${here}: create an alarm in the endpoint's ${name}`);

    expect(problemsOf(() => endpoint(new Stack(scope, 'Stack', { env: HERE }), canary(alarm)))).toEqual(expect.arrayContaining([
      expect.stringContaining(message('999999999999', HERE.account, 'account, which can watch a metric')),
      expect.stringContaining(message('us-east-1', HERE.region, 'Region, on a metric')),
    ]));
  });
});

describe('the alarms of a rollout', () => {
  const withAlarm = (stack: Stack, rollout: (alarm: cloudwatch.IAlarm) => Rollout, alarm: cloudwatch.IAlarm) => () => (
    modelFunction(stack, { rollout: rollout(alarm) }));

  test('are looked at by their ARN, not by the stack that imports them', () => {
    const scope = app();
    const [stack, elsewhere] = [new Stack(scope, 'Stack', { env: HERE }), new Stack(scope, 'Elsewhere', { env: { ...HERE, region: 'us-east-1' } })];

    expect(withAlarm(stack, canary, imported(elsewhere, arn(HERE.region)))).not.toThrow();
  });

  test('that are imported by name are of the stack that imports them', () => {
    const scope = app();
    const named = (id: string, region: string) => cloudwatch.Alarm.fromAlarmName(new Stack(scope, id, { env: { ...HERE, region } }), 'Orders', 'orders');
    const stack = (id: string) => new Stack(scope, id, { env: HERE });

    expect(withAlarm(stack('Refused'), canary, named('Elsewhere', 'us-east-1'))).toThrow('got "Elsewhere/Orders" in us-east-1');
    expect(withAlarm(stack('Accepted'), canary, named('Here', HERE.region))).not.toThrow();
  });

  test('of a linear rollout, and composite ones, are looked at too', () => {
    const stack = new Stack(app(), 'Stack', { env: HERE });
    const linear = (alarm: cloudwatch.IAlarm) => Rollout.linear({ percent: 20, interval: Duration.minutes(1), alarms: [alarm] });
    const alarm = cloudwatch.CompositeAlarm.fromCompositeAlarmArn(stack, 'Orders', arn(HERE.region, '999999999999'));

    expect(withAlarm(stack, linear, alarm)).toThrow('got "arn:aws:cloudwatch:eu-central-1:999999999999:alarm:orders" in 999999999999');
  });

  test.each<[string, object]>([['of the stack itself', { env: HERE }], ['of a stack that does not know its environment', {}]])('%s are accepted', (_, props) => {
    const stack = new Stack(app(), 'Stack', props);

    expect(withAlarm(stack, canary, created(stack))).not.toThrow();
  });

  test('that are imported into a stack without an environment may be of any', () => {
    const stack = new Stack(app(), 'Stack');

    expect(withAlarm(stack, canary, imported(stack, arn('us-east-1')))).not.toThrow();
  });
});
