import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as scheduler_targets from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { nameDefaultPolicy } from '../private/default-policy';
import { failIfAny, lit } from '../private/errors';
import { eventRule } from '../private/event-rule';
import { injectedProps } from '../private/injected-props';
import { METRIC_NAMESPACE } from '../private/metric-namespace';
import { BUCKET, checkTypes, DURATION } from '../private/property-types';
import type { ModelMonitorProps } from './model-monitor-props';
import { captureBucketOf, checkMonitor } from './monitor-checks';
import { COMPARED_SAMPLES, DIVERGENCE, DRIFTED_FEATURES, MODEL_DRIFTED, MonitorProject, STABILITY_INDEX } from './monitor-project';

/**
 * Compares what a model is asked, and what it answers, with the evaluation data that it was published with.
 *
 * A scheduled CodeBuild job reads the captured requests of the last period and the `profile.json` of the version that serves. It writes metrics and a page
 * with both distributions of each feature; if they differ by more than chance and by much, the alarm goes off and the event `ModelDrifted` is published.
 *
 * It belongs to the stack that publishes or imports the model.
 *
 * @example
 * declare const digits: ModelFunction;   // with `capture` and `evaluation`
 * declare const topic: sns.ITopic;
 * declare const captured: s3.IBucket;
 *
 * const monitor = new ModelMonitor(this, 'Monitor', {
 *   endpoint: digits,
 *   captureBucket: captured,   // without it: the endpoint's own
 *   alarmActions: [new cloudwatch_actions.SnsAction(topic)],
 * });
 * monitor.onDrift('Drift', { target: new events_targets.SnsTopic(topic) });
 * topic.grantPublish(new iam.ServicePrincipal('cloudwatch.amazonaws.com'));   // lets the alarm publish too
 */
export class ModelMonitor extends Construct {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelMonitor';

  /** The CodeBuild project that compares. Start a build for a comparison outside the schedule. */
  public readonly project: codebuild.Project;

  /** The role that the project runs as. */
  public readonly role: iam.IRole;

  /** Starts the project once in each period. */
  public readonly schedule: scheduler.Schedule;

  /** The bucket that has the captured requests, and receives the reports. */
  public readonly captureBucket: s3.IBucket;

  /** Goes off when a comparison finds drift, until one finds none. A comparison without enough samples does not change it. */
  public readonly driftAlarm: cloudwatch.Alarm;

  private readonly modelName: string;

  constructor(scope: Construct, id: string, props: ModelMonitorProps) {
    super(scope, id);
    props = injectedProps(ModelMonitor.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelMonitorProps`, checkTypes<Omit<ModelMonitorProps, 'endpoint'>>(props, { captureBucket: BUCKET, period: DURATION }), this);
    failIfAny(lit`InvalidModelMonitorProps`, checkMonitor(this, props), this);
    const { endpoint } = props;
    const period = props.period ?? Duration.days(1);
    this.modelName = endpoint.modelName;
    this.captureBucket = captureBucketOf(props)!;
    const comparison = new MonitorProject(this, 'Comparison', {
      artifact: endpoint.artifact,
      modelName: this.modelName,
      captureBucket: this.captureBucket,
      period,
      minSamples: props.minSamples ?? 200,
      minStabilityIndex: props.minStabilityIndex ?? 0.2,
      packageIndexUrl: props.packageIndexUrl,
    });
    this.project = comparison.project;
    this.role = comparison.role;
    this.schedule = new scheduler.Schedule(this, 'Schedule', {
      description: `Compares captured requests of the TensorFlow model ${this.modelName}`,
      schedule: scheduler.ScheduleExpression.rate(period),
      // A later comparison is of other requests.
      target: new ComparisonTarget(this.project, { maxEventAge: Duration.hours(1), retryAttempts: 5 }),
    });
    // They take minutes: EventBridge Scheduler tries its role at once, which IAM has not spread in its first seconds.
    this.schedule.node.addDependency(...[endpoint.artifact, endpoint].filter((it) => Stack.of(it) === Stack.of(this)));
    this.driftAlarm = new cloudwatch.Alarm(this, 'DriftAlarm', {
      alarmDescription: `Requests to the model ${this.modelName}, or its answers, are no longer like the evaluation data`,
      metric: this.metricDriftedFeatures(),
      threshold: 0,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // Between two comparisons there are no values.
      treatMissingData: cloudwatch.TreatMissingData.IGNORE,
    });
    props.alarmActions?.forEach((action) => this.driftAlarm.addAlarmAction(action));
  }

  /**
   * Defines a rule for comparisons that found drift.
   *
   * EventBridge may deliver an event more than once.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onDrift(id: string, options: events.OnEventOptions = {}): events.Rule {
    return eventRule(this, id, options, { detail: { bucket: this.captureBucket.bucketName, modelName: this.modelName }, types: [MODEL_DRIFTED] });
  }

  /**
   * Number of features that drifted. A comparison without enough samples has none. Maximum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricDriftedFeatures(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(DRIFTED_FEATURES, options);
  }

  /**
   * Greatest population stability index of any feature. Maximum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricStabilityIndex(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(STABILITY_INDEX, options);
  }

  /**
   * Greatest Jensen-Shannon divergence of any feature, in bits: from 0 to 1. Maximum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricDivergence(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(DIVERGENCE, options);
  }

  /**
   * Number of captured samples that a comparison read. Maximum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricComparedSamples(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(COMPARED_SAMPLES, options);
  }

  private metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      statistic: cloudwatch.Stats.MAXIMUM,
      ...options,
      dimensionsMap: { ProjectName: this.project.projectName, ModelName: this.modelName },
    });
  }
}

/** A target whose role, which the CDK makes for this project alone, has a policy with a name of ours. */
class ComparisonTarget extends scheduler_targets.CodeBuildStartBuild {
  protected override addTargetActionToRole(role: iam.IRole): void {
    nameDefaultPolicy(role);
    super.addTargetActionToRole(role);
  }
}
