import type { CfnResource } from 'aws-cdk-lib';
import { Aws, Lazy, Stack } from 'aws-cdk-lib';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
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

/**
 * Names a group of instances in its metrics: `<stack>/<logical id of the group>`.
 *
 * In the group's own stack the first part is AWS::StackName, because stacks of several names can be deployed from one template, such as a product of
 * Service Catalog. In another stack that would be the other stack's name, so there it is the name that the app gives the group's stack.
 */
export function fleetNameOf(group: CfnResource): string {
  const own = Stack.of(group);
  const stackName = Lazy.uncachedString({ produce: ({ scope }) => (Stack.of(scope) === own ? Aws.STACK_NAME : own.stackName) });
  return `${stackName}/${group.logicalId}`;
}
