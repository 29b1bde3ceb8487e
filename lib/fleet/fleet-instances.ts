import { Validations } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { fleetDefaults } from './fleet-checks';
import type { ModelFleetProps } from './model-fleet-props';

/** What a fleet's instances are made from. */
export function fleetLaunchTemplate(
  scope: Construct, id: string, props: ModelFleetProps, options: Pick<ec2.LaunchTemplateProps, 'instanceType' | 'role' | 'securityGroup' | 'userData'>,
): ec2.LaunchTemplate {
  return new ec2.LaunchTemplate(scope, id, {
    ...options,
    machineImage: props.machineImage
      ?? ec2.MachineImage.latestAmazonLinux2023({ cpuType: ec2.AmazonLinuxCpuType.X86_64, cachedInContext: true }),
    requireImdsv2: true,
    httpPutResponseHopLimit: 1,
    blockDevices: [{
      deviceName: '/dev/xvda',
      volume: ec2.BlockDeviceVolume.ebs(fleetDefaults(props).volumeSize.toGibibytes(), {
        encrypted: true, kmsKey: props.volumeEncryptionKey, volumeType: ec2.EbsDeviceVolumeType.GP3,
      }),
    }],
  });
}

/** A fleet's instances: each signals by itself that its model answers, also in an update, which replaces one after the other. */
export function fleetGroup(
  scope: Construct, id: string, props: ModelFleetProps, options: Pick<autoscaling.AutoScalingGroupProps, 'vpc' | 'vpcSubnets' | 'launchTemplate'>,
): autoscaling.AutoScalingGroup {
  const { minCapacity, maxCapacity, minInstancesInService, instanceWarmup, bootTimeout } = fleetDefaults(props);
  const group = new autoscaling.AutoScalingGroup(scope, id, {
    ...options,
    minCapacity,
    maxCapacity,
    defaultInstanceWarmup: instanceWarmup,
    healthChecks: autoscaling.HealthChecks.withAdditionalChecks({
      additionalTypes: [autoscaling.AdditionalHealthCheckType.ELB], gracePeriod: bootTimeout,
    }),
    groupMetrics: [autoscaling.GroupMetrics.all()],
    signals: autoscaling.Signals.waitForMinCapacity({ timeout: bootTimeout }),
    updatePolicy: autoscaling.UpdatePolicy.rollingUpdate({
      minInstancesInService,
      maxBatchSize: 1,
      minSuccessPercentage: 100,
      pauseTime: bootTimeout,
      waitOnResourceSignals: true,
    }),
  });
  Validations.of(group).acknowledge({
    id: 'AwsSolutions-AS3',
    reason: 'Who wants to be told of scaling gives the group notifications; failed boots are in the log group, and failed updates in CloudFormation',
  });
  return group;
}
