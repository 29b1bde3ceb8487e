import type { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';

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

/** Options of a sample of captured requests. */
export interface RequestCaptureOptions {
  /** Share of the answered requests to capture, above 0 and at most 1. */
  readonly rate: number;

  /**
   * Retention of captured requests: whole days, from 1 to 3653. The log of a `ModelFunction`, which they pass through, keeps no event longer.
   *
   * A `bucket` of your own keeps objects as long as its lifecycle rules say.
   */
  readonly retention: Duration;

  /**
   * Names of the model's inputs whose values are not captured: null is written in the place of each, in rows and in columns. Answers are captured whole.
   *
   * Members of a request that the model does not read are left out too. A name that is no input of the model fails the deployment. Excludes
   * `replay` and a `ModelMonitor`, which need the values.
   *
   * @default - all values, and all members of a request, are captured
   */
  readonly redact?: string[];

  /**
   * Bucket for the captured requests. Must not be the bucket of the models, which endpoints and builds read.
   *
   * @default - one is created: private, encrypted, TLS only, its objects expire after `retention`, and kept when the stack is deleted
   */
  readonly bucket?: s3.IBucket;

  /**
   * Name of the Firehose stream: at most 64 letters, digits, underscores, hyphens and dots. Each endpoint of an account and Region needs a name of its own.
   *
   * Give the present name when you rename the endpoint's construct with `cdk refactor`, which cannot change it.
   *
   * @default - made of the names of the stack and the construct
   */
  readonly streamName?: string;

  /**
   * Key that encrypts the captured requests in the bucket that is created, and in the log group that a `ModelFunction` creates.
   *
   * A key of this app allows CloudWatch Logs to use it, where there is such a log group; the policy of an imported key must.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   * @default - keys managed by AWS
   */
  readonly encryptionKey?: kms.IKey;
}
