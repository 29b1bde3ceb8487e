import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IMonitoredEndpoint } from './model-endpoint';

/** Properties of an endpoint's alarms. */
export interface ModelAlarmsProps {
  /**
   * The endpoint to watch: a `ModelFunction`, or a `ModelFleet` with `embeddedMetrics`.
   */
  readonly endpoint: IMonitoredEndpoint;

  /** How long an answer may take, by the endpoint's own statistic of latency. */
  readonly maxLatency: Duration;

  /**
   * Which share of the requests may fail through no fault of theirs, between 0 and 1.
   *
   * @default 0.01
   */
  readonly maxErrorRate?: number;

  /**
   * How many periods of five minutes in a row must be too bad.
   *
   * @default 1
   */
  readonly evaluationPeriods?: number;

  /**
   * What to do when an alarm goes off, e.g. tell an SNS topic.
   *
   * @default - nothing: the console shows it
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}
