import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_NAMESPACE } from '../../private/metric-namespace';

/**
 * Events and metrics of a model that the custom resource sends to EventBridge's default bus and to CloudWatch.
 *
 * `runtime/build_runner/src/model_builds/events/announcements.py` has the same names. `event.schema.json` beside it describes the detail of a refusal,
 * `published.schema.json` that of a published version, `model_pruned.schema.json` that of pruned ones,
 * `live.schema.json` and `rolled_back.schema.json` those of what an endpoint serves.
 */
export const MODEL_PUBLISHED = 'ModelPublished';
export const MODEL_REFUSED = 'ModelRefused';
export const MODEL_LIVE = 'ModelLive';
export const MODEL_ROLLED_BACK = 'ModelRolledBack';
export const MODEL_PRUNED = 'ModelPruned';
const REFUSED_MODELS = 'RefusedModels';

/** Number of models of a project that were refused, and the version before kept. */
export function refusedModels(projectName: string, modelName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName: REFUSED_MODELS,
    statistic: cloudwatch.Stats.SUM,
    ...options,
    dimensionsMap: { ProjectName: projectName, ModelName: modelName },
  });
}
