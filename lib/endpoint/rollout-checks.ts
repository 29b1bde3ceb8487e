import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type { PropertyType } from '../private/property-types';
import { checkTypes, DURATION } from '../private/property-types';
import { checkInteger, checkRange } from '../private/validation';
import type { CanaryRolloutOptions, LinearRolloutOptions, Rollout } from './rollout';

export const DEFAULT_MAX_ERROR_RATE = 0.01;

export const ROLLOUT: PropertyType<Rollout> = {
  member: '_canary', description: 'a Rollout', example: () => 'Rollout.canary({ percent: 10, bake: Duration.minutes(5) })',
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
