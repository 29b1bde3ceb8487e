/** Facts about a model that the model itself does not contain. */
export interface ModelSourceOptions {
  /**
   * Complete shapes of inputs by name, including the batch dimension. Needed if the model leaves a dimension other than the batch open.
   *
   * @default - the model's own shapes
   */
  readonly inputShapes?: { [name: string]: number[] };

  /**
   * The only signature to keep, which becomes the default.
   *
   * @default - all signatures that can be converted, with serving_default as the default
   */
  readonly signatureName?: string;

  /**
   * Tags of the graph to load from the SavedModel.
   *
   * @default ['serve']
   */
  readonly tags?: string[];

  /**
   * Behavior towards a model whose variables change between calls.
   *
   * @default StatefulBehavior.REFUSE
   */
  readonly stateful?: StatefulBehavior;

  /**
   * Operations that the model may have although they act on more than the model, by TensorFlow's names, such as `ReadFile`. The published version names
   * them. Its own saver, and tables filled from its own assets, need no permission.
   *
   * @default - a model that reads or writes files, opens connections or calls other programs is refused
   */
  readonly allowedOperations?: string[];
}

/** Facts about a model in a bucket that the model itself does not contain. */
export interface BucketModelSourceOptions extends ModelSourceOptions {
  /**
   * Version ID of the S3 object.
   *
   * @default - the newest when the optimization starts; later changes go unnoticed
   */
  readonly objectVersion?: string;

  /**
   * Any text that changes when the objects change, because CloudFormation does not look at them.
   *
   * @default - changed objects go unnoticed
   */
  readonly revision?: string;
}

/** Behavior towards a model whose variables change between calls. */
export enum StatefulBehavior {
  /** Reject the model for Lambda, where two requests may not reach the same process. */
  REFUSE = 'refuse',

  /** Start every request from the state in which the model was saved. */
  RESET_PER_REQUEST = 'reset_per_request',
}
