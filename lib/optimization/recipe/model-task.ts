/** The kind of decision an output makes, and so how a candidate's answers are compared with the original's. */
export enum ModelTask {
  /** One of several classes: the largest value decides. */
  MULTICLASS = 'multiclass',

  /** Yes or no: one value, and a threshold. */
  BINARY = 'binary',

  /** Several independent yes-or-no answers. */
  MULTILABEL = 'multilabel',

  /** Plain numbers, including dense outputs (masks, embeddings, audio). */
  REGRESSION = 'regression',
}
