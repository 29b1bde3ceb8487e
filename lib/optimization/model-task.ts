/** What an output decides, and so how a candidate's answers are compared with the original's. */
export enum ModelTask {
  /** One of several classes: the largest value decides. */
  MULTICLASS = 'multiclass',

  /** Yes or no: one value, and a threshold. */
  BINARY = 'binary',

  /** Several independent yes-or-no answers. */
  MULTILABEL = 'multilabel',

  /** Numbers as such, dense outputs (masks, embeddings, audio) among them. */
  REGRESSION = 'regression',
}
