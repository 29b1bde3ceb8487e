/** How the share of zeros grows while a pruned model is trained on the evaluation data. */
export enum PruningSchedule {
  /** From none to all over the first half of the training. */
  GRADUAL = 'gradual',
  /** All of them before the training. */
  AT_ONCE = 'atOnce',
}

/** How much is pruned, and how. */
export interface MagnitudePruningOptions {
  /**
   * Share of each weight matrix that becomes zero, between 0 and 1.
   *
   * Without evaluation data nothing repairs what this breaks: more than 0.5 is then warned of.
   */
  readonly sparsity: number;

  /**
   * How the share grows, where there is evaluation data to train on.
   *
   * @default PruningSchedule.GRADUAL
   */
  readonly schedule?: PruningSchedule;

  /**
   * How often the training goes through its part of the evaluation data, from 1 to 1000.
   *
   * @default 10
   */
  readonly epochs?: number;
}
