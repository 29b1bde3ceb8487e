/** What to do with a model whose variables change between calls. */
export enum StatefulBehavior {
  /** The model is refused for Lambda, where no two requests are sure to meet the same process. */
  REFUSE = 'refuse',

  /** Every request starts from the state that the model was saved with. */
  RESET_PER_REQUEST = 'reset_per_request',
}
