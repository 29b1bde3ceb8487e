import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IMonitoredEndpoint } from './model-endpoint';

/** Properties of an endpoint's alarms. */
export interface ModelAlarmsProps {
  /**
   * The endpoint to watch: a `ModelFunction`, or a `ModelFleet` with `embeddedMetrics`.
   */
  readonly endpoint: IMonitoredEndpoint;

  /**
   * Maximum latency, in terms of the endpoint's own latency statistic.
   *
   * @default - no alarm on latency
   */
  readonly maxLatency?: Duration;

  /**
   * Share of requests that may fail because of the server, not the client, between 0 and 1.
   *
   * @default 0.01
   */
  readonly maxErrorRate?: number;

  /**
   * Number of consecutive five-minute periods above the threshold before an alarm goes off.
   *
   * @default 1
   */
  readonly evaluationPeriods?: number;

  /**
   * Actions when an alarm goes off, e.g. notify an SNS topic.
   *
   * @default - none: only the console shows it
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}
