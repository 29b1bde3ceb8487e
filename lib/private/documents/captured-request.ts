// Generated from optimizer/schema/captured-request.schema.json by `npm run schemas`.

/**
 * A request that a model answered, with its answer.
 *
 * The objects are JSON lines in gzip, below `<model name>/YYYY/MM/DD/HH/` by the UTC hour of their arrival.
 */
export interface CapturedRequest {
  /**
   * `predictions` to instances, `outputs` to inputs, `prediction` to data; `classes` where the model has labels.
   */
  answer: {
    [k: string]: unknown;
  };
  /**
   * The name that clients use.
   */
  modelName: string;
  /**
   * The version that answered.
   */
  modelVersion: number;
  /**
   * The REST body: `instances` (rows) or `inputs` (columns); `data`, one row, by a direct invocation.
   *
   * Of a function with a hook: the `inputs` that the hook made. Null is in the place of the values of redacted inputs.
   */
  request: {
    [k: string]: unknown;
  };
  schemaVersion?: 1;
  /**
   * The signature that answered: `serving_default` where the request names none.
   */
  signatureName: string;
  /**
   * Time at which the model had answered, in UTC.
   */
  time: string;
}
