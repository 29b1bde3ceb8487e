import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../endpoint/metric-namespace';

const METRIC_NAME = 'ModelLoadTime';
const FILTER_ID = 'ModelLoadTimeFilter';

/** The metric of the line that the handler logs when it has loaded its model: `{"event": "modelLoaded", "loadMilliseconds": 4.2, …}`. */
export function modelLoadTimeMetric(scope: Construct, logGroup: logs.ILogGroup, functionName: string, options?: MetricOptions): Metric {
  // The line says which model was loaded, and several functions of an account may serve one of that name.
  const namespace = `${METRIC_NAMESPACE}/${functionName}`;
  if (!scope.node.tryFindChild(FILTER_ID)) {
    new logs.MetricFilter(scope, FILTER_ID, {
      logGroup,
      filterPattern: logs.FilterPattern.stringValue('$.event', '=', 'modelLoaded'),
      metricNamespace: namespace,
      metricName: METRIC_NAME,
      metricValue: '$.loadMilliseconds',
      unit: Unit.MILLISECONDS,
    });
  }
  return new Metric({ namespace, metricName: METRIC_NAME, statistic: Stats.AVERAGE, unit: Unit.MILLISECONDS, ...options });
}
