/** What tells one content of a bucket's data from the next. */
export interface BucketEvaluationDataOptions {
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
