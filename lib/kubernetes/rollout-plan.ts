import { Duration, Token, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { checkInteger } from '../private/validation';
import type { ModelServiceProps } from './model-service-props';

/** The kubectl Lambda function times out after 15 minutes; one is left for its own work. */
export const LONGEST_ROLLOUT_MINUTES = 14;

const DEFAULT_REPLICAS = 3;
const MOST_REPLICAS = 1000;
const DEFAULT_STARTUP_SECONDS = 600;
const DRAIN_SECONDS = { alone: 45, balanced: 120 };
/** With a load balancer, wait until it sends requests to a new pod, which takes minutes. */
const MIN_READY_SECONDS = { alone: 0, balanced: 180 };
/** The kubectl Lambda function waits for pods to end when it deletes a namespace. */
const LONGEST_DRAIN_SECONDS = 600;

/** Plan by which pods of a new version replace the old ones. */
export interface RolloutPlan {
  readonly startupSeconds: number;
  readonly drainSeconds: number;
  readonly minReadySeconds: number;
  /** A number of pods, or a percentage, which Kubernetes rounds up. */
  readonly maxSurge: number | string;
}

/** Returns the minimum number of pods. */
export function fewestPods({ replicas, minReplicas }: ModelServiceProps): number {
  return replicas ?? minReplicas ?? DEFAULT_REPLICAS;
}

/** Returns a service's plan. Call only if `rolloutProblems()` returned none. */
export function rolloutPlan(props: ModelServiceProps): RolloutPlan {
  const kind = props.internalLoadBalancer ? 'balanced' : 'alone';
  return {
    startupSeconds: props.startupTimeout?.toSeconds() ?? DEFAULT_STARTUP_SECONDS,
    drainSeconds: props.drainTime?.toSeconds() ?? DRAIN_SECONDS[kind],
    minReadySeconds: props.minReadyTime?.toSeconds() ?? MIN_READY_SECONDS[kind],
    // With a load balancer each step takes minutes, so use a single step.
    maxSurge: props.maxSurge ?? (props.internalLoadBalancer ? '100%' : '25%'),
  };
}

/** Returns all problems with timeouts, surge and their combination. */
export function rolloutProblems(props: ModelServiceProps): string[] {
  const applied = props.applyManifests !== false;
  const { startupTimeout, minReadyTime, drainTime, rolloutTimeout } = props;
  const tokens = Object.entries({ startupTimeout, minReadyTime, drainTime }).filter(([, value]) => value?.isUnresolved())
    .map(([name]) => `${name} must be known when the app is synthesized, because other times follow from it, and got a token: give a Duration of a number`);
  const problems = [
    ...tokens,
    ...checkInteger('maxSurge', props.maxSurge, 1, MOST_REPLICAS, 'no pod is ended before another serves'),
    ...checkInteger('startupTimeout in seconds', seconds(startupTimeout), 5, 86_400),
    ...checkInteger('minReadyTime in seconds', seconds(minReadyTime), 0, 3600),
    ...checkInteger('rolloutTimeout in seconds', seconds(rolloutTimeout), 10, LONGEST_ROLLOUT_MINUTES * 60,
      'the function that waits ends after 15 minutes; set applyManifests to false and wait elsewhere'),
    ...checkInteger('drainTime in seconds', seconds(drainTime), 1, applied ? LONGEST_DRAIN_SECONDS : 3600,
      applied ? 'the function that deletes a namespace waits for its pods, and ends after 15 minutes; set applyManifests to false for more' : undefined),
  ];
  return problems.length > 0 || !applied ? problems : gateProblems(props);
}

/** Warns if pods that use their full startup time would exceed the deployment's timeout. */
export function warnOfSlowRollout(scope: Construct, props: ModelServiceProps): void {
  const steps = stepsOf(props);
  const { startupSeconds, minReadySeconds } = rolloutPlan(props);
  const rolloutSeconds = longest(props);
  // The default is an upper limit, not an estimate.
  if (props.applyManifests === false || props.startupTimeout === undefined || steps === undefined || rolloutSeconds === undefined) {
    return;
  }
  const slowest = steps * (startupSeconds + minReadySeconds);
  if (slowest > rolloutSeconds) {
    Validations.of(scope).addWarning('cdk-tensorflow:SlowRollout', `pods of a new version start in ${steps} steps, which may take ${slowest} seconds when each pod takes `
      + `the ${startupSeconds} seconds of startupTimeout, and the deployment fails after ${rolloutSeconds}: raise maxSurge so that more of them start together`);
  }
}

function gateProblems(props: ModelServiceProps): string[] {
  const { startupSeconds, minReadySeconds } = rolloutPlan(props);
  const rolloutSeconds = longest(props);
  if (rolloutSeconds === undefined) {
    return [];
  }
  const ready = minReadySeconds === 0 ? '' : ` and another ${minReadySeconds} until it counts (minReadyTime${props.minReadyTime ? '' : ', the default with a load balancer'})`;
  const wayOut = 'give less, or set applyManifests to false and wait elsewhere';
  if (props.startupTimeout !== undefined && startupSeconds + minReadySeconds > rolloutSeconds) {
    return [`startupTimeout gives a pod ${startupSeconds} seconds${ready}, and the deployment fails after ${rolloutSeconds} (rolloutTimeout): ${wayOut}`];
  }
  const steps = stepsOf(props) ?? 1;
  return steps * minReadySeconds >= rolloutSeconds
    ? [`pods of a new version start in ${steps} ${steps === 1 ? 'step' : 'steps'} of at least ${minReadySeconds} seconds (minReadyTime), and the deployment fails after `
      + `${rolloutSeconds} (rolloutTimeout): ${steps === 1 ? wayOut : `raise maxSurge, or ${wayOut}`}`]
    : [];
}

/** Returns the number of rollout steps; undefined if it depends on a token. */
function stepsOf(props: ModelServiceProps): number | undefined {
  const replicas = fewestPods(props);
  const { maxSurge } = rolloutPlan(props);
  if (Token.isUnresolved(replicas) || Token.isUnresolved(maxSurge)) {
    return undefined;
  }
  return Math.ceil(replicas / (typeof maxSurge === 'number' ? maxSurge : Math.ceil(replicas * Number.parseInt(maxSurge, 10) / 100)));
}

function longest({ rolloutTimeout = Duration.minutes(LONGEST_ROLLOUT_MINUTES) }: ModelServiceProps): number | undefined {
  return seconds(rolloutTimeout);
}

function seconds(duration: Duration | undefined): number | undefined {
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toSeconds({ integral: false });
}
