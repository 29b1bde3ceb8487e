import { ContextProvider, Tags, Validations } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FleetSettings } from './fleet-settings';
import { processorOf } from './instance-type-rules';
import type { ModelFleetProps } from './model-fleet-props';

/** Name of the CDK's context provider for SSM parameters. */
const PROVIDER = 'ssm';

export interface LaunchTemplateOptions {
  readonly props: ModelFleetProps;
  readonly settings: FleetSettings;
  readonly role: iam.IRole;
  readonly securityGroup: ec2.ISecurityGroup;
  readonly userData: ec2.UserData;
  /** Name of the template, its instances and their volumes, in their tags. */
  readonly name: string;
}

export function fleetLaunchTemplate(
  scope: Construct, id: string, { props, settings, name, ...options }: LaunchTemplateOptions,
): ec2.LaunchTemplate {
  const key = props.volumeEncryptionKey;
  const launchTemplate = new ec2.LaunchTemplate(scope, id, {
    ...options,
    instanceType: settings.instanceType,
    machineImage: props.machineImage ?? new PinnedAmazonLinux(amazonLinuxProcessor(settings.instanceType)),
    requireImdsv2: true,
    httpPutResponseHopLimit: 1,
    blockDevices: [{
      deviceName: '/dev/xvda',
      volume: ec2.BlockDeviceVolume.ebs(settings.volumeSize.toGibibytes(), {
        encrypted: true,
        // The CDK asks for an IKey here, and reads its ARN.
        kmsKey: key && kms.Key.fromKeyArn(scope, `${id}VolumeKey`, key.keyRef.keyArn),
        volumeType: ec2.EbsDeviceVolumeType.GP3,
      }),
    }],
  });
  // The CDK's own name is the path, so that `cdk refactor` could not rename the fleet.
  Tags.of(launchTemplate).add('Name', name);
  return launchTemplate;
}

function amazonLinuxProcessor(instanceType: ec2.InstanceType): ec2.AmazonLinuxCpuType {
  return processorOf(instanceType) === lambda.Architecture.ARM_64 ? ec2.AmazonLinuxCpuType.ARM_64 : ec2.AmazonLinuxCpuType.X86_64;
}

/** Creates the Auto Scaling group. Each instance signals when its model answers; updates replace one instance at a time. */
export function fleetGroup(
  scope: Construct, id: string, vpc: ec2.IVpc, settings: FleetSettings, launchTemplate: ec2.LaunchTemplate,
): autoscaling.AutoScalingGroup {
  const { vpcSubnets, minCapacity, maxCapacity, minInstancesInService, instanceWarmup, bootTimeout } = settings;
  const group = new autoscaling.AutoScalingGroup(scope, id, {
    vpc,
    vpcSubnets,
    launchTemplate,
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

/**
 * The newest Amazon Linux 2023 when the app is first synthesized, which cdk.context.json keeps under the same key as the CDK's own look-up.
 *
 * The CDK's own class has a text instead of an image's id until the look-up is made, which the CDK's validation of templates refuses, also in tests.
 */
export class PinnedAmazonLinux implements ec2.IMachineImage {
  constructor(private readonly cpuType: ec2.AmazonLinuxCpuType) {}

  public getImage(scope: Construct): ec2.MachineImageConfig {
    const parameterName = ec2.AmazonLinux2023ImageSsmParameter.ssmParameterName({ cpuType: this.cpuType, kernel: ec2.AmazonLinux2023Kernel.CDK_LATEST });
    const { value } = ContextProvider.getValue(scope, { provider: PROVIDER, props: { parameterName }, dummyValue: 'ami-0123456789abcdef0', mustExist: true });
    return { imageId: value as string, osType: ec2.OperatingSystemType.LINUX, userData: ec2.UserData.forLinux() };
  }
}
