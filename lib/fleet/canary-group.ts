import { Aws, CustomResource, Validations } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROLLOUT_SERVICE_TIMEOUT, rolloutFunction, rolloutLogGroup } from '../endpoint/rollout-function';
import { InlinePolicyRole } from '../private/inline-policy-role';
import { METRIC_NAMESPACE } from '../private/metric-namespace';
import type { FleetCanarySettings } from './canary-settings';
import type { FleetNetwork } from './fleet-network';
import type { InstanceGroup, InstanceGroupOptions } from './instance-group';
import { instanceGroup } from './instance-group';

/**
 * Creates the small group that gets a version first, behind the same load balancer. The other instances wait until it has served it.
 *
 * Its number of instances is fixed: the scaling of the fleet is the other group's.
 *
 * @param stable the other group
 */
export function canaryGroup(
  scope: Construct, canary: FleetCanarySettings, stable: InstanceGroup, options: InstanceGroupOptions,
): InstanceGroup {
  const { instances } = canary;
  const settings = { ...options.settings, minCapacity: instances, maxCapacity: instances + 1, minInstancesInService: instances };
  const created = instanceGroup(scope, 'Canary', { ...options, settings });
  stable.group.node.addDependency(new CanaryBake(scope, 'CanaryBake', { ...created, ...options, canary }));
  return created;
}

export interface CanaryBakeProps {
  readonly canary: FleetCanarySettings;
  readonly group: autoscaling.AutoScalingGroup;
  readonly launchTemplate: ec2.LaunchTemplate;
  readonly network: FleetNetwork;
  readonly modelName: string;
  /** Value of the dimension FleetName of the canary's metrics. */
  readonly fleetName: string;
}

/** Makes the deployment wait while the canary's instances of a new version serve. It fails if they become unhealthy, if requests fail, or by an alarm. */
export class CanaryBake extends Construct {
  constructor(scope: Construct, id: string, private readonly props: CanaryBakeProps) {
    super(scope, id);
    const { canary, group, launchTemplate, network } = props;
    const bake = new CustomResource(this, 'Bake', {
      resourceType: 'Custom::TensorFlowFleetCanary',
      serviceToken: this.watcher().functionArn,
      serviceTimeout: ROLLOUT_SERVICE_TIMEOUT,
      properties: {
        GroupName: group.autoScalingGroupName,
        // Every new version changes it, so that every change waits again.
        LaunchTemplateId: launchTemplate.launchTemplateId,
        LaunchTemplateVersion: launchTemplate.latestVersionNumber,
        TargetGroupArns: [network.grpcTargetGroup.targetGroupArn, network.restTargetGroup.targetGroupArn],
        Instances: String(canary.instances),
        BakeSeconds: String(canary.bakeSeconds),
        Alarms: canary.alarms.length === 0 ? undefined : canary.alarms.map(({ alarmRef }) => alarmRef.alarmName),
        ...canary.maxErrorRate === undefined ? {} : {
          MaxErrorRate: String(canary.maxErrorRate), Namespace: METRIC_NAMESPACE, FleetName: props.fleetName, ModelName: props.modelName,
        },
      },
    });
    // A reference to the group waits for its boot signals too; the dependency says so.
    bake.node.addDependency(group);
  }

  private watcher(): lambda.Function {
    const logGroup = rolloutLogGroup(this);
    return rolloutFunction(this, { description: `Watches the canary of the fleet of the model ${this.props.modelName}`, role: this.role(logGroup), logGroup });
  }

  private role(logGroup: logs.LogGroup): iam.Role {
    const { alarms, maxErrorRate } = this.props.canary;
    const role = new InlinePolicyRole(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), description: 'Watches the canary of a fleet' });
    const allow = (actions: string[], resource: string) => role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: [resource] }));
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
    // Tells a rollback from an update.
    allow(['cloudformation:DescribeStacks'], Aws.STACK_ID);
    allow([
      'autoscaling:DescribeAutoScalingGroups',
      'elasticloadbalancing:DescribeTargetHealth',
      ...maxErrorRate === undefined ? [] : ['cloudwatch:GetMetricData'],
      // CloudWatch describes composite alarms only to callers that may describe all.
      ...alarms.length === 0 ? [] : ['cloudwatch:DescribeAlarms'],
    ], '*');
    Validations.of(role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason: 'AWS knows these actions, which only read, with every resource only' });
    return role;
  }
}
