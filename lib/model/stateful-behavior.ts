/** What to do with a model whose variables change between calls. */
export enum StatefulBehavior {
  /** Reject the model for Lambda, where two requests may not reach the same process. */
  REFUSE = 'refuse',

  /** Start every request from the state in which the model was saved. */
  RESET_PER_REQUEST = 'reset_per_request',
}
