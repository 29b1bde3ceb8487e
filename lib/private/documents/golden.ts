// Generated from optimizer/schema/golden.schema.json by `npm run schemas`.

/**
 * golden.json: requests to the default signature.
 */
export interface Golden {
  model: string;
  /**
   * Allowed difference of a number, as a share of the greatest expected number of its output.
   */
  relativeTolerance: number;
  requests: GoldenRequest[];
  schemaVersion?: 1;
  signatureName: string;
}
/**
 * A request, and the published model's answer. Numbers can be NaN or infinite, as in TensorFlow Serving.
 */
export interface GoldenRequest {
  /**
   * REST body, with `signature_name`, and `instances` (rows) or `inputs` (columns).
   */
  request: {
    [k: string]: unknown;
  };
  /**
   * `predictions` to instances, `outputs` to inputs.
   */
  response: {
    [k: string]: unknown;
  };
}
