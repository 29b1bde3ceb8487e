import { Duration, ValidationError } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { injectedProps } from '../private/injected-props';
import { checkTypes, DURATION } from '../private/property-types';
import { checkInteger, checkRange } from '../private/validation';
import { failureRate } from './failure-rate';
import type { ModelAlarmsProps } from './model-alarms-props';
import type { IModelEndpoint, IMonitoredEndpoint } from './model-endpoint';
import { checkMonitored, isMonitored } from './monitored-checks';
import type { PodMetrics } from './pod-metrics';

/** Periods of five minutes in a day, the most that CloudWatch evaluates. */
const MOST_PERIODS = 288;

type Watch = Pick<cloudwatch.AlarmProps, 'evaluationPeriods' | 'comparisonOperator' | 'treatMissingData'>;

/**
 * Alarms on an endpoint's errors, latency and dropped captures, or on restarts of a `ModelService`, and on refusals of its model with
 * `RefusalBehavior.KEEP_PREVIOUS`.
 * Periods without requests do not trigger an alarm.
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
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelAlarms';

  /** Goes off when answers take too long, where `maxLatency` says what that is. */
  public readonly latencyAlarm?: cloudwatch.Alarm;

  /** Goes off when containers of a `ModelService` are restarted. Undefined for other endpoints. */
  public readonly restartAlarm?: cloudwatch.Alarm;

  /** Goes off for one period when a newer model was refused and the version before kept, where the endpoint's optimizer keeps it. */
  public readonly refusalAlarm?: cloudwatch.Alarm;

  /** Goes off when requests are dropped instead of captured, where `maxDroppedCaptures` says how many may be. */
  public readonly captureAlarm?: cloudwatch.Alarm;

  private readonly requestAlarm?: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: ModelAlarmsProps) {
    super(scope, id);
    props = injectedProps(ModelAlarms.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelAlarms`, [
      ...checkMonitored('endpoint', props.endpoint),
      ...checkTypes<Omit<ModelAlarmsProps, 'endpoint'>>(props, { maxLatency: DURATION }),
      ...checkLatency(props.maxLatency),
      ...checkRange('maxErrorRate', props.maxErrorRate, 0, 1, 'it is a share, not a percentage'),
      ...checkInteger('maxRestarts', props.maxRestarts, 0, 1000),
      ...checkInteger('maxDroppedCaptures', props.maxDroppedCaptures, 0, 1_000_000_000),
      ...checkInteger('evaluationPeriods', props.evaluationPeriods, 1, MOST_PERIODS, 'each has five minutes, and CloudWatch looks back a day at most'),
      ...checkApplicable(props),
    ], this);
    const { endpoint } = props;
    const watch: Watch = {
      evaluationPeriods: props.evaluationPeriods ?? 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    };
    if (isMonitored(endpoint)) {
      this.requestAlarm = this.watchErrors(endpoint, watch, props.maxErrorRate ?? 0.01);
      this.latencyAlarm = props.maxLatency && new cloudwatch.Alarm(this, 'Latency', {
        ...watch,
        alarmDescription: `The model ${endpoint.modelName} answers slowly`,
        metric: endpoint.metricLatency(),
        threshold: props.maxLatency.toMilliseconds(),
      });
      this.captureAlarm = props.maxDroppedCaptures === undefined ? undefined : new cloudwatch.Alarm(this, 'Captures', {
        ...watch,
        alarmDescription: `Requests to the model ${endpoint.modelName} are dropped instead of captured`,
        metric: endpoint._metricDroppedCaptures!()!,
        threshold: props.maxDroppedCaptures,
      });
    } else {
      this.restartAlarm = this.watchRestarts(endpoint, endpoint._podMetrics!()!, watch, props.maxRestarts ?? 0);
    }
    const refusals = endpoint.artifact instanceof ModelOptimizer ? endpoint.artifact._metricRefused() : undefined;
    this.refusalAlarm = refusals && new cloudwatch.Alarm(this, 'Refusals', {
      ...watch,
      evaluationPeriods: 1, // a refusal happens once
      alarmDescription: `A newer version of the model ${endpoint.modelName} was refused, and the one before is kept`,
      metric: refusals,
      threshold: 0,
    });
    for (const alarm of [this.requestAlarm, this.latencyAlarm, this.restartAlarm, this.refusalAlarm, this.captureAlarm]) {
      alarm?.addAlarmAction(...props.alarmActions ?? []);
    }
  }

  /** Goes off when too many requests fail. Throws for a `ModelService`, of whose requests CloudWatch has no metrics. */
  public get errorAlarm(): cloudwatch.Alarm {
    if (!this.requestAlarm) {
      throw new ValidationError(lit`NoErrorAlarm`, 'a ModelService has no errorAlarm, because CloudWatch has no metric of its requests: use restartAlarm', this);
    }
    return this.requestAlarm;
  }

  private watchErrors(endpoint: IMonitoredEndpoint, watch: Watch, threshold: number): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, 'Errors', {
      ...watch,
      alarmDescription: `Requests to the model ${endpoint.modelName} fail`,
      metric: new cloudwatch.MathExpression({
        ...failureRate(endpoint.metricErrors(), endpoint.metricInvocations(), endpoint._metricFailures?.()),
        label: 'share of requests that failed',
        period: Duration.minutes(5),
      }),
      threshold,
    });
  }

  private watchRestarts(endpoint: IModelEndpoint, pods: PodMetrics, watch: Watch, threshold: number): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, 'Restarts', {
      ...watch,
      alarmDescription: `Containers that serve the model ${endpoint.modelName} are restarted`,
      metric: pods.restarts(),
      threshold,
    });
  }
}

/** Refuses limits on what the endpoint has no metrics of. */
/** An alarm above 0 ms goes off at every request. */
function checkLatency(latency: Duration | undefined): string[] {
  return latency instanceof Object && 'toMilliseconds' in latency && !latency.isUnresolved()
    ? checkRange('maxLatency in milliseconds', latency.toMilliseconds({ integral: false }), 1, 900_000) : [];
}

function checkApplicable({ endpoint, maxLatency, maxErrorRate, maxRestarts, maxDroppedCaptures }: ModelAlarmsProps): string[] {
  const given = (limits: Record<string, unknown>) => Object.keys(limits).filter((name) => limits[name] !== undefined);
  if (isMonitored(endpoint)) {
    return [
      ...given({ maxRestarts }).map((name) => `${name} is for a ModelService, whose containers can be restarted: leave it out`),
      ...endpoint._metricDroppedCaptures?.() ? [] : given({ maxDroppedCaptures })
        .map((name) => `${name} needs an endpoint with capture and embeddedMetrics, got ${JSON.stringify(endpoint.node.path)} without one of them: give both, or leave it out`),
    ];
  }
  return endpoint?._podMetrics?.()
    ? [
      ...given({ maxLatency, maxErrorRate }).map((name) => `${name} is not for a ModelService, of whose requests CloudWatch has no metrics: use maxRestarts`),
      ...given({ maxDroppedCaptures }).map((name) => `${name} is not for a ModelService, whose servers count dropped captures for Prometheus only: watch `
        + 'model_server:dropped_captures there'),
    ]
    : [];
}
