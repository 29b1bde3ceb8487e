import { Duration, Size, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { DEFAULT_INSTANCE_TYPE } from './instance-type-rules';
import { MissingCpuFeatures } from './model-fleet-props';
import type { ModelFleetProps } from './model-fleet-props';

/** A fleet's properties with defaults. Numbers may be tokens. */
export interface FleetSettings {
  readonly vpcSubnets: ec2.SubnetSelection;
  readonly instanceType: ec2.InstanceType;
  readonly missingCpuFeatures: MissingCpuFeatures;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly minInstancesInService: number;
  readonly instanceWarmup: Duration;
  readonly targetCpuUtilization: number;
  readonly volumeSize: Size;
  readonly bootTimeout: Duration;
  readonly connectionDraining: Duration;
}

export function fleetSettings(props: ModelFleetProps): FleetSettings {
  const minCapacity = props.minCapacity ?? 2;
  return {
    vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    instanceType: props.instanceType ?? DEFAULT_INSTANCE_TYPE,
    missingCpuFeatures: props.missingCpuFeatures ?? MissingCpuFeatures.REFUSE,
    minCapacity,
    // A token cannot be doubled: checkCapacity then requires the maximum.
    maxCapacity: props.maxCapacity ?? (Token.isUnresolved(minCapacity) ? minCapacity : 2 * minCapacity),
    minInstancesInService: props.minInstancesInService ?? minCapacity,
    instanceWarmup: props.instanceWarmup ?? Duration.minutes(5),
    targetCpuUtilization: props.targetCpuUtilization ?? 60,
    volumeSize: props.volumeSize ?? Size.gibibytes(20),
    bootTimeout: props.bootTimeout ?? Duration.minutes(15),
    connectionDraining: props.connectionDraining ?? Duration.seconds(120),
  };
}
