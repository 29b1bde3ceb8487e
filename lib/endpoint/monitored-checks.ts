import type { IModelEndpoint, IMonitoredEndpoint } from './model-endpoint';

type Metrics = Exclude<keyof IMonitoredEndpoint, keyof IModelEndpoint | `_${string}`>;
const METRICS: Record<Metrics, true> = { metricInvocations: true, metricErrors: true, metricLatency: true };

/** Says whether an endpoint has metrics of its requests. */
export function isMonitored(endpoint: IModelEndpoint | null | undefined): endpoint is IMonitoredEndpoint {
  const given: Partial<IMonitoredEndpoint> | null | undefined = endpoint;
  return Object.keys(METRICS).every((metric) => typeof given?.[metric as Metrics] === 'function');
}

/**
 * Refuses an endpoint without metrics, such as a `ModelService` without `containerInsights`.
 *
 * @param property name of the property or parameter
 * @param endpoint its value
 */
export function checkMonitored(property: string, endpoint: IModelEndpoint | null | undefined): string[] {
  if (isMonitored(endpoint) || endpoint?._podMetrics?.()) {
    return [];
  }
  return [
    `${property} must be an endpoint with metrics (a ModelFunction, a ModelFleet with embeddedMetrics, or a ModelService with containerInsights), `
    + `got ${described(endpoint)}: give a ModelService containerInsights: true, in a cluster with the add-on amazon-cloudwatch-observability`,
  ];
}

function described(given: Partial<IModelEndpoint> | null | undefined): string {
  if (given?.node) {
    return `${JSON.stringify(given.node.path)}, which has no metrics`;
  }
  return typeof given === 'object' && given !== null ? 'another object' : JSON.stringify(given) ?? 'nothing';
}
