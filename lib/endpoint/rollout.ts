import type { CanaryRolloutOptions, LinearRolloutOptions } from './rollout-options';

/** How a new version takes over from the previous one. */
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
