import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../private/metric-namespace';

/**
 * What the custom resource tells of a model, to EventBridge's default bus and to CloudWatch.
 *
 * `python/build_runner/src/model_builds/announcements.py` has the same names, and `event.schema.json` beside it describes an event's detail.
 */
export const EVENT_SOURCE = 'cdk-tensorflow';
export const MODEL_REFUSED = 'ModelRefused';
const REFUSED_MODELS = 'RefusedModels';

/** The bus that the events go to. */
export function eventBusArn(scope: Construct): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
}

/** A rule for the events of one model, of one kind or of all. */
export function modelRule(
  scope: Construct, id: string, model: { bucket: string; prefix: string }, options: events.OnEventOptions, kind?: string,
): events.Rule {
  const rule = new events.Rule(options.crossStackScope ?? scope, id, { description: options.description, ruleName: options.ruleName });
  rule.addEventPattern(options.eventPattern);
  rule.addEventPattern({
    source: [EVENT_SOURCE],
    detailType: kind === undefined ? undefined : [kind],
    detail: { bucket: [model.bucket], modelPrefix: [model.prefix] },
  });
  rule.addTarget(options.target);
  return rule;
}

/** How many models of a project were refused, and the version before kept. */
export function refusedModels(projectName: string, modelName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName: REFUSED_MODELS,
    statistic: cloudwatch.Stats.SUM,
    ...options,
    dimensionsMap: { ProjectName: projectName, ModelName: modelName },
  });
}
