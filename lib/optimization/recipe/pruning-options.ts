/** How the share of zeros grows while a pruned model is trained on the evaluation data. */
export enum PruningSchedule {
  /** From none to all over the first half of the training. */
  GRADUAL = 'gradual',
  /** All before the training. */
  AT_ONCE = 'atOnce',
}

/** Options of pruning by magnitude. */
export interface MagnitudePruningOptions {
  /**
   * Share of each weight matrix that becomes zero, between 0 and 1.
   *
   * Without evaluation data, training cannot repair the loss, and more than 0.5 causes a warning.
   */
  readonly sparsity: number;

  /**
   * How the share grows, if there is evaluation data to train on.
   *
   * @default PruningSchedule.GRADUAL
   */
  readonly schedule?: PruningSchedule;

  /**
   * Number of passes over the training part of the evaluation data, from 1 to 1000.
   *
   * @default 10
   */
  readonly epochs?: number;
}
