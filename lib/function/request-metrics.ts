import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_NAMESPACE } from '../private/metric-namespace';

/**
 * Metrics that CloudWatch extracts from the handler's log (embedded metric format).
 *
 * Keep names and dimensions in step with `runtime/handler/src/model_server/log.py`.
 */
export class RequestMetrics {
  constructor(private readonly functionName: string, private readonly modelName: string) {}

  public latency(options?: MetricOptions): Metric {
    return this.metric('Latency', { statistic: Stats.percentile(99), unit: Unit.MILLISECONDS, ...options });
  }

  /** Requests answered with 500. */
  public failures(options?: MetricOptions): Metric {
    return this.metric('Errors', { statistic: Stats.SUM, ...options });
  }

  /** The same for one version of the function with one version of the model. */
  public failuresOf(functionVersion: string, modelVersion: string, options?: MetricOptions): Metric {
    return this.metric('Errors', { statistic: Stats.SUM, ...options }, { FunctionVersion: functionVersion, ModelVersion: modelVersion });
  }

  public modelLoadTime(options?: MetricOptions): Metric {
    return this.metric('ModelLoadTime', { statistic: Stats.AVERAGE, unit: Unit.MILLISECONDS, ...options });
  }

  /** Requests of the sample that could not be captured. */
  public droppedCaptures(options?: MetricOptions): Metric {
    return this.metric('DroppedCaptures', { statistic: Stats.SUM, ...options });
  }

  private metric(metricName: string, options: MetricOptions, version: Record<string, string> = {}): Metric {
    return new Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      ...options,
      dimensionsMap: { FunctionName: this.functionName, ModelName: this.modelName, ...version },
    });
  }
}
