import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { IModelArtifact } from '../model/model-artifact';

/** Something that answers prediction requests with one model. */
export interface IModelEndpoint extends IConstruct {
  /** The name that requests call the model by: `/v1/models/<name>`. */
  readonly modelName: string;

  /** The published model that is served. */
  readonly artifact: IModelArtifact;

  /**
   * How many requests were answered.
   *
   * @param options what to change about the metric
   */
  metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How many requests failed through no fault of the request.
   *
   * @param options what to change about the metric
   */
  metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How long an answer takes.
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
