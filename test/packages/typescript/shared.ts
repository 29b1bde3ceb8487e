import type { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { EvaluationData, ModelFleet, ModelFunction, ModelMonitor, ModelOptimizer, ModelService } from 'cdk-tensorflow';

/** Evaluation data of all models. */
export const data = EvaluationData.fromAsset('digits/evaluation.npz');

/** Adds an alarm of a metric, without which no template has the metric. */
export function alarm(metric: cloudwatch.Metric, scope: ModelFunction | ModelFleet | ModelService | ModelOptimizer | ModelMonitor, name: string): void {
  metric.createAlarm(scope, `${name}Alarm`, { threshold: 1, evaluationPeriods: 1 });
}
