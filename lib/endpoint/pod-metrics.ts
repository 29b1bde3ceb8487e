import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';

/** Metrics of an endpoint's pods, for `ModelAlarms` and `ModelDashboard`. */
export interface PodMetrics {
  cpuUtilization(): Metric;
  memoryUtilization(): Metric;
  restarts(): Metric;
  runningPods(): Metric;
}
