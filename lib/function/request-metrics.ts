import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_NAMESPACE } from '../endpoint/metric-namespace';

/**
 * The metrics that the handler writes into its log, from where CloudWatch takes them (embedded metric format).
 *
 * `python/handler/src/model_server/log.py` has the same names of metrics and dimensions.
 */
export class RequestMetrics {
  constructor(private readonly functionName: string, private readonly modelName: string) {}

  /** How long the handler took for a request, in milliseconds. */
  public latency(options?: MetricOptions): Metric {
    return this.metric('Latency', { statistic: Stats.percentile(99), unit: Unit.MILLISECONDS, ...options });
  }

  /** How many requests the handler answered by 500. */
  public failures(options?: MetricOptions): Metric {
    return this.metric('Errors', { statistic: Stats.SUM, ...options });
  }

  /** The same of one version of the function alone, with one version of the model. */
  public failuresOf(functionVersion: string, modelVersion: string, options?: MetricOptions): Metric {
    return this.metric('Errors', { statistic: Stats.SUM, ...options }, { FunctionVersion: functionVersion, ModelVersion: modelVersion });
  }

  /** How long loading the model took when an instance started, in milliseconds. */
  public modelLoadTime(options?: MetricOptions): Metric {
    return this.metric('ModelLoadTime', { statistic: Stats.AVERAGE, unit: Unit.MILLISECONDS, ...options });
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
