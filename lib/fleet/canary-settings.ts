import { Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { checkRollout, DEFAULT_MAX_ERROR_RATE } from '../endpoint/rollout-checks';
import { LONGEST_BAKE } from '../endpoint/rollout-function';
import { fleetSettings } from './fleet-settings';
import type { ModelFleetProps } from './model-fleet-props';

/** A fleet's canary with defaults. */
export interface FleetCanarySettings {
  readonly instances: number;
  readonly bakeSeconds: number;
  /** Undefined where instances do not publish how many requests fail. */
  readonly maxErrorRate?: number;
  readonly alarms: cloudwatch.IAlarmRef[];
}

/** Returns the settings of a fleet's canary; undefined without one. Call only if `fleetCanaryProblems()` returned none. */
export function fleetCanarySettings(props: ModelFleetProps): FleetCanarySettings | undefined {
  const canary = props.rollout?._canary;
  return canary && {
    instances: Math.max(1, Math.round(fleetSettings(props).minCapacity * canary.percent / 100)),
    bakeSeconds: canary.bake.toSeconds({ integral: false }),
    maxErrorRate: props.embeddedMetrics ? canary.maxErrorRate ?? DEFAULT_MAX_ERROR_RATE : undefined,
    alarms: canary.alarms ?? [],
  };
}

/** Returns all problems with a fleet's canary. */
export function fleetCanaryProblems(props: ModelFleetProps): string[] {
  const { rollout, embeddedMetrics } = props;
  if (rollout?._linear) {
    return ['rollout must not be Rollout.linear() for a ModelFleet, whose instances cannot get a growing share of the connections: use Rollout.canary()'];
  }
  const canary = rollout?._canary;
  if (rollout === undefined || canary === undefined) {
    return [];
  }
  const problems = checkRollout(rollout, LONGEST_BAKE);
  if (Token.isUnresolved(props.minCapacity)) {
    problems.push('rollout needs a minCapacity that is known when the app is synthesized, because the number of the canary\'s instances follows from it: give a number');
  }
  if (canary.maxErrorRate !== undefined && !embeddedMetrics) {
    problems.push('rollout.maxErrorRate needs embeddedMetrics, because a network load balancer counts no requests: give embeddedMetrics: true, or leave maxErrorRate out');
  }
  if (canary.maxLatency !== undefined) {
    problems.push('rollout.maxLatency must be left out for a ModelFleet, whose instances publish the average latency of a minute and no percentile: give an alarm as rollout.alarms');
  }
  return problems;
}
