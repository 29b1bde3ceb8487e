import type { IMonitoredEndpoint } from './model-endpoint';

/** Properties of a dashboard of model endpoints. */
export interface ModelDashboardProps {
  /**
   * The endpoints to show, a row for each in this order: `ModelFunction`, and `ModelFleet` with `embeddedMetrics`.
   *
   * @default - none yet: `addEndpoint` adds them
   */
  readonly endpoints?: IMonitoredEndpoint[];

  /**
   * Name of the dashboard.
   *
   * @default - CloudFormation makes one up
   */
  readonly dashboardName?: string;
}
