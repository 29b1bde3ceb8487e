import type { Duration, Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { CAPTURE } from '../endpoint/capture-checks';
import { checkLogGroupClass } from '../endpoint/log-group-checks';
import { checkRolloutAlarms, ROLLOUT } from '../endpoint/rollout-checks';
import { OPTIMIZATION_TYPES } from '../optimization/optimization-checks';
import type { PropertyTypes } from '../private/property-types';
import { CERTIFICATE, DURATION, INSTANCE_TYPE, KEY_REF, LOG_GROUP, MACHINE_IMAGE, quoted, ROLE, SIZE, VPC } from '../private/property-types';
import { checkRoleStack } from '../private/role-checks';
import { checkExclusive, checkInteger, checkRange } from '../private/validation';
import { SERVING_TYPES } from '../serving/serving-checks';
import { fleetCanaryProblems } from './canary-settings';
import { FleetServer } from './fleet-server';
import { fleetSettings } from './fleet-settings';
import { checkInstanceType, cpuFeaturesOf } from './instance-type-rules';
import { MissingCpuFeatures } from './model-fleet-props';
import type { ModelFleetProps } from './model-fleet-props';

const SMALLEST_VOLUME_GIBIBYTES = 8;

/** The types of a fleet's properties. */
export const FLEET_TYPES: PropertyTypes<ModelFleetProps> = {
  ...OPTIMIZATION_TYPES,
  ...SERVING_TYPES,
  vpc: VPC,
  servingBinary: { member: '_requirements', description: 'a ServingBinary', example: (given) => `ServingBinary.fromAsset(${quoted(given)})` },
  instanceType: INSTANCE_TYPE,
  machineImage: MACHINE_IMAGE,
  rollout: ROLLOUT,
  instanceWarmup: DURATION,
  volumeSize: SIZE,
  volumeEncryptionKey: KEY_REF,
  certificate: CERTIFICATE,
  bootTimeout: DURATION,
  connectionDraining: DURATION,
  role: ROLE,
  logGroup: LOG_GROUP,
  capture: CAPTURE,
};

/** Returns all problems in a fleet's properties, except those of the model and its optimization. */
export function checkFleetProps(scope: Construct, props: ModelFleetProps): string[] {
  return [
    ...FleetServer.of(props).problems(),
    ...(props.instanceType ? checkInstanceType(props.instanceType, props.server) : []),
    ...checkCpuFeatures(props),
    ...checkImage(scope, props),
    ...checkRegions(scope, props),
    ...checkSubnets(props),
    ...checkCapacity(props),
    ...checkRoleStack(scope, 'role', props.role),
    ...fleetCanaryProblems(props),
    ...checkRolloutAlarms(scope, props.rollout),
    ...checkRange('targetCpuUtilization', props.targetCpuUtilization, 1, 100),
    ...checkInteger('volumeSize in GiB', gibibytesOf(props.volumeSize), SMALLEST_VOLUME_GIBIBYTES, 16_384, 'the system itself takes 8'),
    ...checkKnownTimes(props),
    ...checkSeconds('bootTimeout', props.bootTimeout, 300, 3600, 'CloudFormation waits no longer for an instance of a rolling update'),
    ...checkSeconds('instanceWarmup', props.instanceWarmup, 0, 3600),
    ...checkSeconds('connectionDraining', props.connectionDraining, 1, 3600),
    ...props.embeddedMetrics && props.monitoring === false
      ? ['embeddedMetrics needs monitoring: leave monitoring out, or embeddedMetrics'] : [],
    ...checkLogGroupClass(props.logGroup, { embeddedMetrics: props.embeddedMetrics ?? false }),
    ...checkExclusive({ logGroup: props.logGroup, logRetention: props.logRetention }, 'set the retention on the log group itself'),
  ];
}

/** Checks the recipe's processor features; those of a published model are checked during deployment. */
function checkCpuFeatures({ recipe, instanceType, missingCpuFeatures }: ModelFleetProps): string[] {
  const offered = instanceType && cpuFeaturesOf(instanceType);
  const missing = (recipe?._cpuFeatures() ?? []).filter((feature) => offered && !offered.includes(feature));
  return missing.length === 0 || missingCpuFeatures === MissingCpuFeatures.DISABLE_ONEDNN ? [] : [
    `instanceType ${JSON.stringify(instanceType?.toString())} has no ${missing.join(', ')}, which the recipe makes a model for: give a type of the 7th `
    + 'generation or newer whose family says by an i or an a whose processor it has, such as m7i.large, or another recipe',
  ];
}

function checkImage(scope: Construct, { machineImage }: ModelFleetProps): string[] {
  const { account, region } = Stack.of(scope);
  return machineImage || !(Token.isUnresolved(account) || Token.isUnresolved(region)) ? [] : [
    'machineImage is needed in a stack whose account and Region are unknown, because no image can be looked up and pinned: give the stack an env, '
    + 'or an image, such as ec2.MachineImage.genericLinux({ … })',
  ];
}

function checkSubnets({ vpc, vpcSubnets }: ModelFleetProps): string[] {
  return vpcSubnets || vpc.privateSubnets.length > 0 ? [] : [
    `the VPC ${JSON.stringify(vpc.node.path)} has no private subnets with a route to the internet, where instances are by default: give vpcSubnets, such as `
    + '{ subnetType: ec2.SubnetType.PRIVATE_ISOLATED } with vpcEndpoints: true',
  ];
}

/** A load balancer and a disk use nothing of another Region. */
function checkRegions(scope: Construct, { certificate, volumeEncryptionKey }: ModelFleetProps): string[] {
  const { region } = Stack.of(scope);
  const arns = { certificate: certificate?.certificateRef.certificateId, volumeEncryptionKey: volumeEncryptionKey?.keyRef.keyArn };
  return Object.entries(arns).flatMap(([property, arn]) => {
    const elsewhere = arn === undefined || Token.isUnresolved(arn) ? undefined : arn.split(':')[3];
    return elsewhere === undefined || Token.isUnresolved(region) || elsewhere === region ? [] : [
      `${property} must be in the Region of the fleet, ${region}, which can use no other, got ${JSON.stringify(arn)}`,
    ];
  });
}

function checkCapacity(props: ModelFleetProps): string[] {
  const { minCapacity, maxCapacity, minInstancesInService } = fleetSettings(props);
  const problems = [
    ...checkInteger('minCapacity', props.minCapacity, 1, 1000),
    ...checkInteger('maxCapacity', props.maxCapacity, 1, 1000),
    ...checkInteger('minInstancesInService', props.minInstancesInService, 1, 1000),
  ];
  if (Token.isUnresolved(minCapacity) && props.maxCapacity === undefined) {
    problems.push('maxCapacity is needed beside a minCapacity that is known only when the stack is deployed: give it as a number, or as a token that is more');
  }
  if (problems.length > 0 || Token.isUnresolved(maxCapacity)) {
    return problems;
  }
  if (!Token.isUnresolved(minInstancesInService) && maxCapacity <= minInstancesInService) {
    const least = props.minInstancesInService === undefined ? 'minCapacity' : 'minInstancesInService';
    problems.push(`maxCapacity must be more than ${least}, got ${maxCapacity} and ${minInstancesInService}: an update adds new instances before it removes the old`);
  }
  if (!Token.isUnresolved(minCapacity) && !Token.isUnresolved(minInstancesInService) && minInstancesInService < minCapacity) {
    problems.push(`minInstancesInService must be minCapacity or more, got ${minInstancesInService} and ${minCapacity}: leave it out, or give a lower minCapacity`);
  }
  return problems;
}

/** Times that others follow from: a sum of a token would be another number. */
function checkKnownTimes({ bootTimeout, connectionDraining }: ModelFleetProps): string[] {
  return Object.entries({ bootTimeout, connectionDraining }).filter(([, value]) => value?.isUnresolved())
    .map(([name]) => `${name} must be known when the app is synthesized, because other times follow from it, and got a token: give a Duration of a number`);
}

function checkSeconds(property: string, duration: Duration | undefined, minimum: number, maximum: number, hint?: string): string[] {
  const seconds = duration === undefined || duration.isUnresolved() ? undefined : duration.toSeconds({ integral: false });
  return checkInteger(`${property} in seconds`, seconds, minimum, maximum, hint);
}

function gibibytesOf(size: Size | undefined): number | undefined {
  return size === undefined || size.isUnresolved() ? undefined : size.toGibibytes({ rounding: SizeRoundingBehavior.NONE });
}
