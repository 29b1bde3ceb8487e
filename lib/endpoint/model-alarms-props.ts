import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IModelEndpoint } from './model-endpoint';

/** Properties of an endpoint's alarms. */
export interface ModelAlarmsProps {
  /**
   * The endpoint to watch: a `ModelFunction`, a `ModelFleet` with `embeddedMetrics`, or a `ModelService` with `containerInsights`.
   */
  readonly endpoint: IModelEndpoint;

  /**
   * Maximum latency, in terms of the endpoint's own latency statistic. Not for a `ModelService`.
   *
   * @default - no alarm on latency
   */
  readonly maxLatency?: Duration;

  /**
   * Share of requests that may fail because of the server, not the client, between 0 and 1. Not for a `ModelService`.
   *
   * @default 0.01
   */
  readonly maxErrorRate?: number;

  /**
   * Number of containers that may be restarted within five minutes. For a `ModelService` only.
   *
   * @default 0
   */
  readonly maxRestarts?: number;

  /**
   * Number of requests that may be dropped instead of captured within five minutes. For an endpoint with `capture` and `embeddedMetrics`; not for a
   * `ModelService`.
   *
   * @default - no alarm on dropped captures
   */
  readonly maxDroppedCaptures?: number;

  /**
   * Number of consecutive five-minute periods above the threshold before an alarm goes off. At most 288, which are a day.
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
