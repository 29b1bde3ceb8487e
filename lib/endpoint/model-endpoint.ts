import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { IModelArtifact } from '../model/published-model';
import type { PodMetrics } from './pod-metrics';

/** A construct that answers prediction requests with one model. As a grantee it is the role that its server runs with. */
export interface IModelEndpoint extends IConstruct, iam.IGrantable {
  /** Name of the model in request paths: `/v1/models/<name>`. */
  readonly modelName: string;

  /** The published model that is served. */
  readonly artifact: IModelArtifact;

  /**
   * Metrics of the endpoint's pods. Undefined where it has none, or nothing publishes them.
   *
   * @internal
   */
  _podMetrics?(): PodMetrics | undefined;
}

/** An endpoint with CloudWatch metrics of its requests, for `ModelAlarms` and `ModelDashboard`. */
export interface IMonitoredEndpoint extends IModelEndpoint {
  /**
   * Number of requests answered, including rejected ones. Sum over five minutes by default.
   *
   * Throws for a `ModelFleet` without `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Number of requests that failed because of the server, not the client. Sum over five minutes by default.
   *
   * Throws for a `ModelFleet` without `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Latency in milliseconds over five minutes. The default is the 99th percentile for a function, the average for a fleet.
   *
   * Throws for a `ModelFleet` without `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Failures that `metricErrors` does not count.
   *
   * @internal
   */
  _metricFailures?(): cloudwatch.Metric | undefined;

  /**
   * Requests in the sample to capture that were dropped. Undefined where nothing is captured, or nothing counts them.
   *
   * @internal
   */
  _metricDroppedCaptures?(): cloudwatch.Metric | undefined;
}
