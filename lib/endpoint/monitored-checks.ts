import type { IMonitoredEndpoint } from './model-endpoint';

const METRICS = ['metricInvocations', 'metricErrors', 'metricLatency'] as const;

/**
 * Refuses an endpoint without metrics, such as a `ModelService`, which only a compiler refuses.
 *
 * @param property name of the property or parameter
 * @param endpoint its value
 */
export function checkMonitored(property: string, endpoint: IMonitoredEndpoint | null | undefined): string[] {
  const given: Partial<IMonitoredEndpoint> | null | undefined = endpoint;
  if (METRICS.every((metric) => typeof given?.[metric] === 'function')) {
    return [];
  }
  return [
    `${property} must be an endpoint with metrics (a ModelFunction, or a ModelFleet with embeddedMetrics), got ${described(given)}: `
    + 'for a ModelService, use cloudwatch.Alarm and cloudwatch.Dashboard with the metrics of the cluster\'s collector',
  ];
}

function described(given: Partial<IMonitoredEndpoint> | null | undefined): string {
  if (given?.node) {
    return `${JSON.stringify(given.node.path)}, which has no metrics`;
  }
  return typeof given === 'object' && given !== null ? 'another object' : JSON.stringify(given) ?? 'nothing';
}
