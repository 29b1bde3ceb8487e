import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { PodMetrics } from '../endpoint/pod-metrics';
import type { ObjectIdentity } from './kubernetes-object';

/**
 * Metrics that Container Insights publishes of a service's pods, under the name of their Deployment.
 *
 * Metrics relative to a pod's limits (`…_over_pod_limit`) are left out: a pod has them only if all its containers have limits, and init containers have none.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-enhanced-EKS.html
 */
export class ContainerInsightsMetrics implements PodMetrics {
  constructor(private readonly clusterName: string, private readonly identity: ObjectIdentity) {}

  public cpuUtilization(options?: MetricOptions): Metric {
    return this.ofPods('pod_cpu_utilization', { statistic: Stats.AVERAGE, ...options });
  }

  public memoryUtilization(options?: MetricOptions): Metric {
    return this.ofPods('pod_memory_utilization', { statistic: Stats.AVERAGE, ...options });
  }

  /** The agent publishes how many there were since its last look. */
  public restarts(options?: MetricOptions): Metric {
    return this.ofPods('pod_number_of_container_restarts', { statistic: Stats.SUM, ...options });
  }

  public runningPods(options?: MetricOptions): Metric {
    return this.metric('service_number_of_running_pods', { Service: this.identity.name }, { statistic: Stats.AVERAGE, ...options });
  }

  private ofPods(metricName: string, options: MetricOptions): Metric {
    return this.metric(metricName, { PodName: this.identity.name }, options);
  }

  private metric(metricName: string, dimensions: Record<string, string>, options: MetricOptions): Metric {
    return new Metric({
      namespace: 'ContainerInsights',
      metricName,
      ...options,
      dimensionsMap: { ClusterName: this.clusterName, Namespace: this.identity.namespace, ...dimensions },
    });
  }
}
