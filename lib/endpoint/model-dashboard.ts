import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import type { ModelDashboardProps } from './model-dashboard-props';
import type { IModelEndpoint } from './model-endpoint';
import { checkMonitored, isMonitored } from './monitored-checks';

const COLUMNS = 24;

/**
 * A CloudWatch dashboard with a row for each endpoint that has metrics: requests, errors and latency, or the use of a `ModelService`'s nodes, its restarts
 * and its pods.
 *
 * @example
 * declare const digits: ModelFunction;
 *
 * new ModelDashboard(this, 'Dashboard', { endpoints: [digits] });
 */
export class ModelDashboard extends Construct {
  /** The dashboard, for adding further widgets. */
  public readonly dashboard: cloudwatch.Dashboard;

  private readonly shown = new Set<string>();

  constructor(scope: Construct, id: string, props: ModelDashboardProps = {}) {
    super(scope, id);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { dashboardName: props.dashboardName });
    props.endpoints?.forEach((endpoint) => this.addEndpoint(endpoint));
  }

  /**
   * Adds a row with an endpoint's metrics. Throws for a `ModelFleet` without `embeddedMetrics`, a `ModelService` without `containerInsights`, and an
   * endpoint that already has a row.
   *
   * @param endpoint the endpoint to show
   */
  public addEndpoint(endpoint: IModelEndpoint): void {
    failIfAny(lit`InvalidModelDashboard`, checkMonitored('endpoint', endpoint), this);
    failIfAny(lit`EndpointShownTwice`, this.shown.has(endpoint.node.path)
      ? [`the dashboard has a row of ${JSON.stringify(endpoint.node.path)} already: add each endpoint once`] : [], this);
    this.shown.add(endpoint.node.path);
    const graph = (title: string, ...metrics: (cloudwatch.IMetric | undefined)[]) => new cloudwatch.GraphWidget({
      title: `${endpoint.modelName}: ${title}`, left: metrics.filter((metric) => metric !== undefined), width: COLUMNS / 3, leftYAxis: { min: 0 },
    });
    const pods = endpoint._podMetrics?.();
    this.dashboard.addWidgets(...isMonitored(endpoint) ? [
      graph('requests', endpoint.metricInvocations()),
      graph('errors', endpoint.metricErrors(), endpoint._metricFailures?.()),
      graph('latency', endpoint.metricLatency()),
    ] : [
      graph('percent of a node', pods?.cpuUtilization(), pods?.memoryUtilization()),
      graph('restarts', pods?.restarts()),
      graph('running pods', pods?.runningPods()),
    ]);
  }
}
