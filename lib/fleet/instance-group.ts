import { Lazy, Stack } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { FleetBoot } from './fleet-boot';
import { fleetGroup, fleetLaunchTemplate } from './fleet-instances';
import { fleetNameOf } from './fleet-metrics';
import type { FleetNetwork } from './fleet-network';
import type { FleetSettings } from './fleet-settings';
import type { ModelFleetProps } from './model-fleet-props';

export interface InstanceGroupOptions {
  readonly props: ModelFleetProps;
  readonly settings: FleetSettings;
  readonly role: iam.IRole;
  readonly modelName: string;
  readonly network: FleetNetwork;
  readonly boot: FleetBoot;
  /** VPC endpoints that instances need at boot. */
  readonly endpoints?: Construct;
  /** Constructs that must succeed before the instances change. */
  readonly after?: Construct;
}

/** Instances of a fleet that are updated together. */
export interface InstanceGroup {
  readonly group: autoscaling.AutoScalingGroup;
  readonly launchTemplate: ec2.LaunchTemplate;
  /** Value of the dimension FleetName of the instances' metrics. */
  readonly fleetName: string;
}

/**
 * Creates a group behind the load balancer, with a launch template of its own, whose user data names the group that the instances signal to.
 *
 * @param prefix of the constructs' ids
 */
export function instanceGroup(scope: Construct, prefix: string, options: InstanceGroupOptions): InstanceGroup {
  const { props, settings, role, network, boot, modelName } = options;
  // Lazy, because the user data contains the group, which needs the launch template. cloud-init requires `#!` at the very start.
  const userData = ec2.UserData.custom(Lazy.string({ produce: () => script }));
  const securityGroup = network.instanceSecurityGroup;
  const name = [Stack.of(scope).stackName, modelName, ...prefix === '' ? [] : [prefix]].join('/');
  const launchTemplate = fleetLaunchTemplate(scope, `${prefix}LaunchTemplate`, { props, settings, role, securityGroup, userData, name });
  const group = fleetGroup(scope, `${prefix}Group`, props.vpc, settings, launchTemplate);
  group.attachToNetworkTargetGroup(network.grpcTargetGroup);
  group.attachToNetworkTargetGroup(network.restTargetGroup);
  bootAfter(group, props.vpc.selectSubnets(settings.vpcSubnets), options);
  const resource = group.node.defaultChild as autoscaling.CfnAutoScalingGroup;
  const fleetName = fleetNameOf(resource);
  const script = boot.userData(group, network, fleetName);
  return { group, launchTemplate, fleetName };
}

/** Adds dependencies on routes, endpoints and permissions, which instances need at boot and the template does not reference. */
function bootAfter(group: autoscaling.AutoScalingGroup, subnets: ec2.SelectedSubnets, { boot, endpoints, network, after }: InstanceGroupOptions): void {
  const resource = group.node.defaultChild!;
  const constructs = [endpoints, after].filter((construct) => construct !== undefined);
  resource.node.addDependency(subnets.internetConnectivityEstablished, ...constructs, network.grpcListener, network.restListener);
  boot.grants.forEach((grant) => grant.applyBefore(resource as Construct));
}
