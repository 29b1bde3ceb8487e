/** Replay of captured requests before a new version serves. At least one of the two limits is needed. */
export interface ReplayOptions {
  /**
   * Number of captured requests to replay, the newest, from 1 to 1000. Fewer are replayed where they take more than a minute.
   *
   * @default 200
   */
  readonly requests?: number;

  /**
   * Share of the decisions that may differ from the recorded ones, between 0 and 1.
   *
   * The decision of an output with several numbers is the place of the greatest one. A request that the new version rejects counts as different.
   * One number, such as the score of a model with two classes, decides nothing: where no recorded answer has more, `maxRelativeError` is needed.
   *
   * @default - decisions are not limited
   */
  readonly maxDisagreement?: number;

  /**
   * The greatest difference from the recorded answers: the Euclidean norm of the difference over that of the recorded numbers, of each output
   * over all replayed requests. 0.01 is one per cent.
   *
   * Processors differ in the last bits of numbers, and Lambda's may be others than those of pods and instances: 0 may refuse a version that is equal.
   *
   * @default - numbers are not limited
   */
  readonly maxRelativeError?: number;

  /**
   * A version of the model to serve although its answers differ: a better model decides differently. The message of the deployment that was
   * refused names it.
   *
   * @default - no version is excepted
   */
  readonly acceptVersion?: string;
}
