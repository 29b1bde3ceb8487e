import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { Rollout } from './rollout';

/** Way out for an alarm that is elsewhere. */
const WAYS_OUT = {
  account: 'create an alarm in the endpoint\'s account, which can watch a metric of another one that shares it by CloudWatch cross-account observability',
  region: 'create an alarm in the endpoint\'s Region, on a metric that is published there, because an alarm sees metrics of its own Region only',
};

/**
 * Refuses alarms of another account or Region than the endpoint's, where both are known.
 *
 * The watcher of a rollout looks an alarm up by its name. Elsewhere it finds none, or another that has the name.
 */
export function checkRolloutAlarms(scope: IConstruct, rollout: Rollout | undefined): string[] {
  const { alarms = [] } = rollout?._canary ?? rollout?._linear ?? {};
  const here = Stack.of(scope);
  return alarms.flatMap((alarm) => {
    const there = placeOf(alarm);
    return (['account', 'region'] as const)
      .filter((name) => isKnown(here[name]) && isKnown(there[name]) && here[name] !== there[name])
      .map((name) => 'rollout.alarms must be in the account and Region of the endpoint, where they are looked up by their names, '
        + `got ${JSON.stringify(isKnown(alarm.alarmArn) ? alarm.alarmArn : alarm.node.path)} in ${there[name]} for an endpoint in ${here[name]}: ${WAYS_OUT[name]}`);
  });
}

/** An imported alarm has the environment of the stack that imports it, and its own in its ARN. */
function placeOf({ alarmArn, env }: cloudwatch.IAlarm): { account?: string; region?: string } {
  return isKnown(alarmArn) ? Arn.split(alarmArn, ArnFormat.COLON_RESOURCE_NAME) : env;
}

function isKnown(value: string | undefined): boolean {
  return value !== undefined && !Token.isUnresolved(value);
}
