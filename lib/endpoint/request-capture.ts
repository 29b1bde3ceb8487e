import type { RequestCaptureOptions } from './request-capture-options';

/**
 * Captures requests with their answers, for a `ModelMonitor`, a replay before a new version serves, or your own evaluation.
 *
 * Captured requests may be personal data. They are JSON lines in gzip, below `<model name>/YYYY/MM/DD/HH/` of a bucket of their own, by the UTC hour
 * of their arrival.
 */
export class RequestCapture {
  /**
   * Captures a random sample of the requests that the model answers. Rejected and failed requests are not captured.
   *
   * A request that has more than 200,000 bytes with its answer, or a value that JSON does not have, is not captured but counted: by
   * `metricDroppedCaptures` of a `ModelFunction` and a `ModelFleet`, by the server's counter `model_server:dropped_captures` of a `ModelService`.
   *
   * @param options rate, retention and bucket
   */
  public static sampled(options: RequestCaptureOptions): RequestCapture {
    return new RequestCapture(options);
  }

  private constructor(
    /** @internal */
    public readonly _options: RequestCaptureOptions,
  ) {}
}
