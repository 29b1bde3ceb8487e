import type { App, Stack } from 'aws-cdk-lib';
import { Duration, Stack as Imports } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { EmbeddedAws } from '../emulator/client/embedded-aws';
import { callQuery } from './requests';

// An alarm of the user's own, on what clients of a model complain of: it ends a canary's bake.

const METRIC = { namespace: 'Shop', metricName: 'Complaints' };

/** The alarm by its name, as one is that exists before the endpoint. */
export function alarmNamed(app: App, name: string): cloudwatch.IAlarm {
  return cloudwatch.Alarm.fromAlarmName(new Imports(app, 'Alarms'), 'Alarm', name);
}

/** Creates the alarm. */
export function createAlarm(stack: Stack, alarmName: string): void {
  const metric = new cloudwatch.Metric({ ...METRIC, statistic: cloudwatch.Stats.SUM, period: Duration.minutes(1) });
  metric.createAlarm(stack, 'Alarm', { alarmName, threshold: 1, evaluationPeriods: 1, treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING });
}

/** Complains every two seconds, so that the alarm goes off. Returns what ends that. */
export function complain(emulator: EmbeddedAws): () => void {
  const datum = { 'Namespace': METRIC.namespace, 'MetricData.member.1.MetricName': METRIC.metricName, 'MetricData.member.1.Value': '5' };
  const timer = setInterval(() => void callQuery(emulator, 'monitoring', { Action: 'PutMetricData', Version: '2010-08-01', ...datum }), 2000);
  return () => clearInterval(timer);
}
