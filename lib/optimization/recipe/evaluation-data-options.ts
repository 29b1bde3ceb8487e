/** Identifies the content of data in a bucket. */
export interface BucketEvaluationDataOptions {
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
