import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_NAMESPACE } from '../private/metric-namespace';

/**
 * Metrics that instances publish from the server's counters (embedded metric format).
 *
 * Names and dimensions must match `runtime/instance/src/metrics.py`.
 */
export class FleetMetrics {
  constructor(private readonly fleetName: string, private readonly modelName: string) {}

  public requests(options?: MetricOptions): Metric {
    return this.metric('Requests', { statistic: Stats.SUM, ...options });
  }

  /** Requests that failed because of the server, not the client. */
  public errors(options?: MetricOptions): Metric {
    return this.metric('Errors', { statistic: Stats.SUM, ...options });
  }

  /** In milliseconds. Each instance publishes one average per minute, so percentiles of requests are not available. */
  public latency(options?: MetricOptions): Metric {
    return this.metric('Latency', { statistic: Stats.AVERAGE, unit: Unit.MILLISECONDS, ...options });
  }

  /** Requests in the sample to capture that did not reach Firehose. Only a server that captures has it. */
  public droppedCaptures(options?: MetricOptions): Metric {
    return this.metric('DroppedCaptures', { statistic: Stats.SUM, ...options });
  }

  private metric(metricName: string, options: MetricOptions): Metric {
    return new Metric({
      namespace: METRIC_NAMESPACE, metricName, ...options, dimensionsMap: { FleetName: this.fleetName, ModelName: this.modelName },
    });
  }
}
