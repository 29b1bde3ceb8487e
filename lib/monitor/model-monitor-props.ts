import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IModelEndpoint } from '../endpoint/model-endpoint';

/** Properties of a monitor. */
export interface ModelMonitorProps {
  /** The endpoint whose requests are captured. Its model must be published with evaluation data, which the requests are compared with. */
  readonly endpoint: IModelEndpoint;

  /**
   * The bucket of the captured requests. It also receives the reports, below `drift-reports/<model name>/`.
   *
   * @default - the endpoint's `captureBucket`
   */
  readonly captureBucket?: s3.IBucket;

  /**
   * Time between two comparisons: each comparison is of the requests since the one before. Whole hours, at least one, at most 31 days.
   *
   * @default Duration.days(1)
   */
  readonly period?: Duration;

  /**
   * Number of captured samples that a comparison needs. With fewer, there is no decision, and the alarm keeps its state. At least 20.
   *
   * @default 200
   */
  readonly minSamples?: number;

  /**
   * Population stability index from which a feature may have drifted. Between 0 and 10; the difference must be beyond chance as well.
   *
   * @default 0.2
   */
  readonly minStabilityIndex?: number;

  /**
   * Actions when the requests have drifted, e.g. notify an SNS topic.
   *
   * @default - none: only the console shows it
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];

  /**
   * Python package index that the comparison's requirements are installed from, by hash.
   *
   * @default - the public one
   */
  readonly packageIndexUrl?: string;
}
