import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { IModelArtifact } from '../model/model-artifact';

/** Something that answers prediction requests with one model. */
export interface IModelEndpoint extends IConstruct {
  /** The name that requests call the model by: `/v1/models/<name>`. */
  readonly modelName: string;

  /** The published model that is served. */
  readonly artifact: IModelArtifact;
}

/** An endpoint with metrics in CloudWatch, which `ModelAlarms` and `ModelDashboard` can watch. */
export interface IMonitoredEndpoint extends IModelEndpoint {
  /**
   * How many requests were answered, refused ones included. A number, by default the sum over five minutes.
   *
   * Throws for a `ModelFleet` without `embeddedMetrics`.
   *
   * @param options what to change about the metric
   */
  metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How many requests failed through no fault of the request. A number, by default the sum over five minutes.
   *
   * Throws where `metricInvocations` does.
   *
   * @param options what to change about the metric
   */
  metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How long an answer takes, in milliseconds over five minutes: by default the 99th percentile of a function, and the average of a fleet.
   *
   * Throws where `metricInvocations` does.
   *
   * @param options what to change about the metric
   */
  metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * The failures that `metricErrors` does not count, where they are counted.
   *
   * @internal
   */
  _metricFailures?(): cloudwatch.Metric | undefined;
}
