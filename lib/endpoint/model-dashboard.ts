import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import type { ModelDashboardProps } from './model-dashboard-props';
import type { IMonitoredEndpoint } from './model-endpoint';
import { checkMonitored } from './monitored-checks';

const COLUMNS = 24;

/**
 * A CloudWatch dashboard with a row for each endpoint that has metrics: requests, errors, latency.
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
   * Adds a row with an endpoint's requests, errors and latency. Throws for a `ModelFleet` without `embeddedMetrics`, and for an endpoint that already
   * has a row.
   *
   * @param endpoint the endpoint to show
   */
  public addEndpoint(endpoint: IMonitoredEndpoint): void {
    failIfAny(lit`InvalidModelDashboard`, checkMonitored('endpoint', endpoint), this);
    failIfAny(lit`EndpointShownTwice`, this.shown.has(endpoint.node.path)
      ? [`the dashboard has a row of ${JSON.stringify(endpoint.node.path)} already: add each endpoint once`] : [], this);
    this.shown.add(endpoint.node.path);
    const graph = (title: string, ...metrics: (cloudwatch.IMetric | undefined)[]) => new cloudwatch.GraphWidget({
      title: `${endpoint.modelName}: ${title}`, left: metrics.filter((metric) => metric !== undefined), width: COLUMNS / 3, leftYAxis: { min: 0 },
    });
    this.dashboard.addWidgets(
      graph('requests', endpoint.metricInvocations()),
      graph('errors', endpoint.metricErrors(), endpoint._metricFailures?.()),
      graph('latency', endpoint.metricLatency()),
    );
  }
}
