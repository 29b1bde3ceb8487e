import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { checkKinds } from '../private/kinds';
import { checkInteger, checkRange } from '../private/validation';
import { failureRate } from './failure-rate';
import type { ModelAlarmsProps } from './model-alarms-props';
import { checkMonitored } from './monitored-checks';

/**
 * Alarms on an endpoint's errors and latency, and on refusals of its model with `RefusalBehavior.KEEP_PREVIOUS`. Periods without requests do not trigger an
 * alarm.
 *
 * @example
 * declare const digits: ModelFunction;
 * declare const topic: sns.ITopic;
 *
 * new ModelAlarms(this, 'Alarms', {
 *   endpoint: digits,
 *   maxLatency: Duration.millis(200),
 *   alarmActions: [new cloudwatch_actions.SnsAction(topic)],
 * });
 */
export class ModelAlarms extends Construct {
  /** Goes off when too many requests fail. */
  public readonly errorAlarm: cloudwatch.Alarm;

  /** Goes off when answers take too long, where `maxLatency` says what that is. */
  public readonly latencyAlarm?: cloudwatch.Alarm;

  /** Goes off for one period when a newer model was refused and the version before kept, where the endpoint's optimizer keeps it. */
  public readonly refusalAlarm?: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: ModelAlarmsProps) {
    super(scope, id);
    failIfAny(lit`InvalidModelAlarms`, [
      ...checkMonitored('endpoint', props.endpoint),
      ...checkKinds(props),
      ...checkRange('maxErrorRate', props.maxErrorRate, 0, 1, 'it is a share, not a percentage'),
      ...checkInteger('evaluationPeriods', props.evaluationPeriods, 1, 1440),
    ], this);
    const { endpoint } = props;
    const watch = {
      evaluationPeriods: props.evaluationPeriods ?? 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    };
    this.errorAlarm = new cloudwatch.Alarm(this, 'Errors', {
      ...watch,
      alarmDescription: `Requests to the model ${endpoint.modelName} fail`,
      metric: new cloudwatch.MathExpression({
        ...failureRate(endpoint.metricErrors(), endpoint.metricInvocations(), endpoint._metricFailures?.()),
        label: 'share of requests that failed',
        period: Duration.minutes(5),
      }),
      threshold: props.maxErrorRate ?? 0.01,
    });
    this.latencyAlarm = props.maxLatency && new cloudwatch.Alarm(this, 'Latency', {
      ...watch,
      alarmDescription: `The model ${endpoint.modelName} answers slowly`,
      metric: endpoint.metricLatency(),
      threshold: props.maxLatency.toMilliseconds(),
    });
    const refusals = endpoint.artifact instanceof ModelOptimizer ? endpoint.artifact._metricRefused() : undefined;
    this.refusalAlarm = refusals && new cloudwatch.Alarm(this, 'Refusals', {
      ...watch,
      evaluationPeriods: 1, // a refusal happens once
      alarmDescription: `A newer version of the model ${endpoint.modelName} was refused, and the one before is kept`,
      metric: refusals,
      threshold: 0,
    });
    for (const action of props.alarmActions ?? []) {
      this.errorAlarm.addAlarmAction(action);
      this.latencyAlarm?.addAlarmAction(action);
      this.refusalAlarm?.addAlarmAction(action);
    }
  }
}
