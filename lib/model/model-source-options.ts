import type { StatefulBehavior } from './stateful-behavior';

/** What a model needs to be told about itself. */
export interface ModelSourceOptions {
  /**
   * Whole shapes of inputs by name, the batch dimension included. Needed where the model leaves a dimension other than the batch open.
   *
   * @default - the model's own shapes
   */
  readonly inputShapes?: { [name: string]: number[] };

  /**
   * The only signature to keep, and the default one.
   *
   * @default - all signatures that can be converted, with serving_default as the default one
   */
  readonly signatureName?: string;

  /**
   * Tags of the SavedModel's graph to load.
   *
   * @default ['serve']
   */
  readonly tags?: string[];

  /**
   * What to do when the model's variables change between calls.
   *
   * @default StatefulBehavior.REFUSE
   */
  readonly stateful?: StatefulBehavior;
}

/** What a model in a bucket needs to be told about itself. */
export interface BucketModelSourceOptions extends ModelSourceOptions {
  /**
   * Version of the object to read, as S3 numbers it.
   *
   * @default - the newest when the optimization starts; a changed object goes unnoticed
   */
  readonly objectVersion?: string;

  /**
   * A text of your own that changes when the objects change: CloudFormation does not look at them.
   *
   * @default - changed objects go unnoticed
   */
  readonly revision?: string;
}
