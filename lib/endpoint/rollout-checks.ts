import type { Duration } from 'aws-cdk-lib';
import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { PropertyType } from '../private/property-types';
import { checkTypes, DURATION } from '../private/property-types';
import { checkInteger, checkRange } from '../private/validation';
import type { CanaryRolloutOptions, LinearRolloutOptions, Rollout } from './rollout';

export const DEFAULT_MAX_ERROR_RATE = 0.01;

export const ROLLOUT: PropertyType<Rollout> = {
  member: '_canary', description: 'a Rollout', example: () => 'Rollout.canary({ percent: 10, bake: Duration.minutes(5) })',
};

/** Way out for an alarm that is elsewhere. */
const WAYS_OUT = {
  account: 'create an alarm in the endpoint\'s account, which can watch a metric of another one that shares it by CloudWatch cross-account observability',
  region: 'create an alarm in the endpoint\'s Region, on a metric that is published there, because an alarm sees metrics of its own Region only',
};

/** The longest bake, or time between two steps, that an endpoint can have. */
export interface LongestStep {
  readonly minutes: number;
  /** Reason why it is no longer. */
  readonly hint: string;
  /** True if a part of a minute is impossible. */
  readonly whole?: boolean;
}

/** Returns all problems in the options of a rollout step by step. */
export function checkRollout({ _canary: canary, _linear: linear }: Rollout, longest: LongestStep): string[] {
  return [
    ...canary ? checkSteps(canary, checkTypes<CanaryRolloutOptions>(canary, { bake: DURATION, maxLatency: DURATION }, ['bake']), 'bake', canary.bake, longest) : [],
    ...linear ? checkSteps(linear, checkTypes<LinearRolloutOptions>(linear, { interval: DURATION, maxLatency: DURATION }, ['interval']), 'interval', linear.interval, longest) : [],
  ];
}

function checkSteps(
  options: CanaryRolloutOptions | LinearRolloutOptions, ofOtherTypes: string[], name: string, step: Duration, { minutes, hint, whole }: LongestStep,
): string[] {
  if (ofOtherTypes.length > 0) {
    return ofOtherTypes.map((problem) => `rollout.${problem}`);
  }
  const { percent, maxErrorRate, maxLatency } = options;
  const unknown = Object.entries({ percent, [name]: step, maxErrorRate, maxLatency })
    .filter(([, value]) => (typeof value === 'object' ? value.isUnresolved() : Token.isUnresolved(value)));
  const inMinutes = step.isUnresolved() ? undefined : step.toSeconds({ integral: false }) / 60;
  const check = whole ? checkInteger : checkRange;
  return [
    ...unknown.map(([option]) => `rollout.${option} must be known when the app is synthesized, and got a token: give a value`),
    ...checkInteger('rollout.percent', percent, 1, 99),
    ...check(`rollout.${name} in minutes`, inMinutes, 1, minutes, hint),
    ...checkRange('rollout.maxErrorRate', maxErrorRate, 0, 1, 'it is a share, not a percentage'),
    ...maxLatency === undefined || maxLatency.isUnresolved() ? [] : checkRange('rollout.maxLatency in milliseconds', maxLatency.toMilliseconds({ integral: false }), 1, 900_000),
  ];
}

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
        + `got ${JSON.stringify(isKnown(alarm.alarmRef.alarmArn) ? alarm.alarmRef.alarmArn : alarm.node.path)} in ${there[name]} for an endpoint in ${here[name]}: ${WAYS_OUT[name]}`);
  });
}

/** An imported alarm has the environment of the stack that imports it, and its own in its ARN. */
function placeOf({ alarmRef: { alarmArn }, env }: cloudwatch.IAlarmRef): { account?: string; region?: string } {
  return isKnown(alarmArn) ? Arn.split(alarmArn, ArnFormat.COLON_RESOURCE_NAME) : env;
}

function isKnown(value: string | undefined): boolean {
  return value !== undefined && !Token.isUnresolved(value);
}
