import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_NAMESPACE } from '../endpoint/metric-namespace';

/**
 * The metrics that instances make of TensorFlow Serving's counters (embedded metric format).
 *
 * `python/instance/src/metrics.py` has the same names of metrics and dimensions.
 */
export class FleetMetrics {
  constructor(private readonly fleetName: string, private readonly modelName: string) {}

  public requests(options?: MetricOptions): Metric {
    return this.metric('Requests', { statistic: Stats.SUM, ...options });
  }

  /** Requests that failed through no fault of theirs. */
  public errors(options?: MetricOptions): Metric {
    return this.metric('Errors', { statistic: Stats.SUM, ...options });
  }

  /** In milliseconds. Each instance gives its average of a minute, so no percentile of requests can be had. */
  public latency(options?: MetricOptions): Metric {
    return this.metric('Latency', { statistic: Stats.AVERAGE, unit: Unit.MILLISECONDS, ...options });
  }

  private metric(metricName: string, options: MetricOptions): Metric {
    return new Metric({
      namespace: METRIC_NAMESPACE, metricName, ...options, dimensionsMap: { FleetName: this.fleetName, ModelName: this.modelName },
    });
  }
}
