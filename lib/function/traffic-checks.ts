import type { Duration, Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Token } from 'aws-cdk-lib';
import type { LinearRolloutOptions } from '../endpoint/rollout';
import { checkRollout } from '../endpoint/rollout-checks';
import { LONGEST_DELIVERY_MINUTES } from '../model/delivery-source';
import { checkInteger, checkRange } from '../private/validation';
import type { ModelFunctionProps } from './model-function-props';

/** The /tmp that every function has, and the largest that SnapStart can save. */
const SNAPSHOT_STORAGE_MEBIBYTES = 512;
const MAX_STORAGE_MEBIBYTES = 10_240;

/** CodeDeploy's longest step, which is also the longest time between the first and the last of a deployment. */
const LONGEST_STEP = { minutes: 2880, hint: 'CodeDeploy waits for two days at most', whole: true };

/** An hour of a delivery is for the build. */
const LONGEST_DELIVERED_MINUTES = LONGEST_DELIVERY_MINUTES - 60;

/** CodeDeploy's limit of ten, without the two of `TrafficShift`. */
const MOST_ALARMS = 8;

/** Every problem of how instances are kept ready and how traffic moves to a new version. */
export function checkTraffic(props: ModelFunctionProps, timeout: Duration): string[] {
  return [
    ...checkProvisioned(props),
    ...checkSnapStart(props),
    ...checkStorage(props.ephemeralStorageSize),
    ...checkShifting(props, timeout),
  ];
}

function checkProvisioned(props: ModelFunctionProps): string[] {
  const { provisionedConcurrentExecutions: minimum, maxProvisionedConcurrentExecutions: maximum, reservedConcurrentExecutions: reserved } = props;
  const problems = [
    ...checkInteger('provisionedConcurrentExecutions', minimum, 1, Number.MAX_SAFE_INTEGER, 'leave it out to keep none ready'),
    ...checkInteger('maxProvisionedConcurrentExecutions', maximum, 1, Number.MAX_SAFE_INTEGER),
    ...checkRange('provisionedConcurrencyUtilization', props.provisionedConcurrencyUtilization, 0.1, 0.9, 'Application Auto Scaling takes no other'),
  ];
  if (maximum !== undefined && minimum === undefined) {
    problems.push('maxProvisionedConcurrentExecutions has no effect without provisionedConcurrentExecutions, the fewest to keep ready: give both');
  }
  if (props.provisionedConcurrencyUtilization !== undefined && maximum === undefined) {
    problems.push('provisionedConcurrencyUtilization has no effect without maxProvisionedConcurrentExecutions: give how many there may be, or leave it out');
  }
  if (isKnown(minimum) && isKnown(maximum) && maximum < minimum) {
    problems.push(`maxProvisionedConcurrentExecutions must be at least provisionedConcurrentExecutions (${minimum}), got ${maximum}`);
  }
  const largest = maximum ?? minimum;
  if (isKnown(largest) && isKnown(reserved) && largest >= reserved) {
    problems.push(`reservedConcurrentExecutions must be more than the ${largest} executions that may be provisioned, got ${reserved}: Lambda refuses more, and with as `
      + `many nothing is left to ask a new version, so that every update would fail; reserve at least ${largest + 1}`);
  }
  return problems;
}

function checkSnapStart(props: ModelFunctionProps): string[] {
  if (!props.snapStart) {
    return [];
  }
  const problems: string[] = [];
  if (props.provisionedConcurrentExecutions !== undefined) {
    problems.push('snapStart and provisionedConcurrentExecutions exclude each other on Lambda: '
      + 'provisioned instances answer at once and need no snapshot; leave one of them out');
  }
  const storage = mebibytes(props.ephemeralStorageSize);
  if (storage !== undefined && storage > SNAPSHOT_STORAGE_MEBIBYTES) {
    problems.push(`snapStart allows at most ${SNAPSHOT_STORAGE_MEBIBYTES} MiB of ephemeralStorageSize, got ${storage}: `
      + 'leave ephemeralStorageSize out, or use provisionedConcurrentExecutions instead of snapStart');
  }
  return problems;
}

function checkStorage(size: Size | undefined): string[] {
  return checkInteger('ephemeralStorageSize in MiB', mebibytes(size), SNAPSHOT_STORAGE_MEBIBYTES, MAX_STORAGE_MEBIBYTES, 'Lambda offers no other');
}

function checkShifting({ model, rollout }: ModelFunctionProps, timeout: Duration): string[] {
  const limits = rollout?._canary ?? rollout?._linear;
  if (!rollout || !limits) {
    return [];
  }
  const problems = checkRollout(rollout, LONGEST_STEP);
  const alarms = limits.alarms?.length ?? 0;
  if (alarms > MOST_ALARMS) {
    problems.push(`rollout.alarms must have at most ${MOST_ALARMS} alarms, got ${alarms}: CodeDeploy watches ten, and two are the function's own; combine some of them by `
      + 'a MathExpression');
  }
  if (problems.length === 0) {
    const minutes = rollout._linear ? shiftingMinutes(rollout._linear) : rollout._canary!.bake.toMinutes();
    problems.push(...rollout._linear ? checkLength(rollout._linear, minutes) : [], ...model._original?.delivery ? checkDelivered(minutes) : []);
  }
  const latency = limits.maxLatency;
  if (latency === undefined && timeout.isUnresolved()) {
    problems.push('rollout.maxLatency must be given where timeout is a token: half of it is not known yet');
  }
  if (latency !== undefined && !latency.isUnresolved() && !timeout.isUnresolved() && latency.toMilliseconds() >= timeout.toMilliseconds()) {
    problems.push(`rollout.maxLatency must be less than timeout (${timeout.toMilliseconds()} ms), got ${latency.toMilliseconds()} ms: no answer takes longer, `
      + 'so the alarm could never go off');
  }
  return problems;
}

/** The first step begins the deployment. */
function shiftingMinutes({ percent, interval }: LinearRolloutOptions): number {
  return (Math.ceil(100 / percent) - 1) * interval.toMinutes();
}

function checkLength({ percent, interval }: LinearRolloutOptions, minutes: number): string[] {
  return minutes <= LONGEST_STEP.minutes ? [] : [
    `rollout takes ${minutes} minutes from its first step to its last, with ${percent} percent every ${interval.toMinutes()} minutes, and CodeDeploy allows ${LONGEST_STEP.minutes}: `
    + 'give a larger percent or a shorter interval',
  ];
}

/** A delivery that ends before the rollout does would not know how it ends. */
function checkDelivered(minutes: number): string[] {
  return minutes <= LONGEST_DELIVERED_MINUTES ? [] : [
    `rollout takes ${minutes} minutes, and the delivery of the model, which waits for its end, fails after ${LONGEST_DELIVERY_MINUTES} minutes, of which the build `
    + `needs an hour: make it take at most ${LONGEST_DELIVERED_MINUTES} minutes`,
  ];
}

function mebibytes(size: Size | undefined): number | undefined {
  return size === undefined || size.isUnresolved() ? undefined : size.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
}

export function isKnown(value: number | undefined): value is number {
  return value !== undefined && !Token.isUnresolved(value);
}
