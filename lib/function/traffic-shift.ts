import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { failureRate } from '../endpoint/failure-rate';
import type { RolloutLimits } from '../endpoint/rollout';
import { acknowledgeManagedPolicy } from '../private/acknowledge';

/** Inputs of a traffic shift, and of its rollback. */
export interface TrafficShiftProps {
  readonly alias: lambda.Alias;
  readonly deploymentConfig: codedeploy.ILambdaDeploymentConfig;

  /** Requests that the new version answered by 500, where that is counted: to Lambda they are no errors. */
  readonly failures?: cloudwatch.Metric;

  /** Limits on the errors and the duration of the new version's invocations. */
  readonly limits: Required<RolloutLimits>;
}

/**
 * Moves an alias to a new version step by step, and back when an alarm goes off.
 *
 * The alarms look at the new version's requests only. The alias's own figures would hide an error in one request of ten
 * among the old version's, and a broken old version would forbid the deployment that repairs it.
 */
export class TrafficShift extends Construct {
  public readonly deploymentGroup: codedeploy.LambdaDeploymentGroup;
  public readonly errorAlarm: cloudwatch.Alarm;
  public readonly latencyAlarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: TrafficShiftProps) {
    super(scope, id);
    const { alias, limits } = props;
    const name = `${alias.lambda.functionName}:${alias.aliasName}`;
    const metric = (metricName: string, statistic: string) => new cloudwatch.Metric({
      namespace: 'AWS/Lambda',
      metricName,
      statistic,
      period: Duration.minutes(1),
      // Lambda counts under ExecutedVersion while an alias has two versions, which is as long as traffic shifts.
      dimensionsMap: { FunctionName: alias.lambda.functionName, Resource: name, ExecutedVersion: alias.version.version },
    });
    const watch = {
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No request has failed where there was none.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    };
    this.errorAlarm = new cloudwatch.Alarm(this, 'Errors', {
      ...watch,
      alarmDescription: 'The new version of the model function fails: CodeDeploy takes the deployment back',
      metric: new cloudwatch.MathExpression({
        ...failureRate(metric('Errors', cloudwatch.Stats.SUM), metric('Invocations', cloudwatch.Stats.SUM), props.failures),
        label: 'share of invocations that failed',
        period: Duration.minutes(1),
      }),
      threshold: limits.maxErrorRate,
    });
    this.latencyAlarm = new cloudwatch.Alarm(this, 'Latency', {
      ...watch,
      alarmDescription: 'The new version of the model function is slow: CodeDeploy takes the deployment back',
      metric: metric('Duration', cloudwatch.Stats.percentile(99)),
      threshold: limits.maxLatency.toMilliseconds(),
    });
    this.deploymentGroup = new codedeploy.LambdaDeploymentGroup(this, 'DeploymentGroup', {
      alias,
      deploymentConfig: props.deploymentConfig,
      alarms: [this.errorAlarm, this.latencyAlarm, ...limits.alarms],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    });
    acknowledgeManagedPolicy(
      this.deploymentGroup,
      iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSCodeDeployRoleForLambdaLimited').managedPolicyArn,
      'AWS\'s own policy for shifting the traffic of Lambda aliases, which the CDK gives to the deployment group\'s role',
    );
  }
}
