import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** Strategy by which a new version takes over from the previous one. */
export class Rollout {
  /** The new version takes over as soon as it is ready. */
  public static allAtOnce(): Rollout {
    return new Rollout();
  }

  /**
   * A small part of the endpoint gets the new version first. If its requests fail, the deployment does, and the previous version is back.
   *
   * @param options size of that part, duration and limits
   */
  public static canary(options: CanaryRolloutOptions): Rollout {
    return new Rollout(options);
  }

  /**
   * The new version gets the same share of the requests more at each step. For a `ModelFunction`.
   *
   * @param options size of a step, time between two steps, and limits
   */
  public static linear(options: LinearRolloutOptions): Rollout {
    return new Rollout(undefined, options);
  }

  private constructor(
    /** @internal */
    public readonly _canary?: CanaryRolloutOptions,
    /** @internal */
    public readonly _linear?: LinearRolloutOptions,
  ) {}
}

/** Limits that end a rollout step by step and put the previous version back. */
export interface RolloutLimits {
  /**
   * Share of the new version's requests that may fail, between 0 and 1. What is the client's fault does not count.
   *
   * @default - 0.01; no limit for a fleet without `embeddedMetrics`
   */
  readonly maxErrorRate?: number;

  /**
   * Maximum latency of the new version (99th percentile). Not for a fleet.
   *
   * @default - half of `timeout` for a function; no limit for others
   */
  readonly maxLatency?: Duration;

  /**
   * Further alarms, in the account and Region of the endpoint. Any that is in the state ALARM meanwhile ends the rollout. At most eight for a function.
   *
   * @default - only errors and latency are watched
   */
  readonly alarms?: cloudwatch.IAlarmRef[];
}

/** Options of a linear rollout. */
export interface LinearRolloutOptions extends RolloutLimits {
  /** Percentage of the requests that moves to the new version at each step: a whole number from 1 to 99. */
  readonly percent: number;

  /** Time between two steps: whole minutes. All steps together take at most 48 hours, or nine where a `ModelDelivery` delivers the model. */
  readonly interval: Duration;
}

/** Options of a canary. */
export interface CanaryRolloutOptions extends RolloutLimits {
  /**
   * Size of the canary: a whole number from 1 to 99.
   *
   * For a function, the percentage of its requests. For pods and instances, their number in percent of the minimum number of the others, and at least
   * one.
   */
  readonly percent: number;

  /** Time that the canary serves before the new version takes over. At least one minute; at most nine hours where a `ModelDelivery` delivers the model. */
  readonly bake: Duration;
}
