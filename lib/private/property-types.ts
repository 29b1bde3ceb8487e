import type { Duration, Size } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';

/** A type that a property takes, recognized by one of its members: another copy of the CDK has classes of its own. */
export interface PropertyType<Type> {
  readonly member: keyof Type & string;
  readonly description: string;
  readonly example: (given: string) => string;
}

type Method<Type> = { [Name in keyof Type]-?: Type[Name] extends (...args: never[]) => unknown ? Name : never }[keyof Type];
/** Types with methods or internal members: no values, structs, lists and maps. */
type HasBehavior<Type> = Type extends string | number | boolean | readonly unknown[] ? never
  : string extends keyof Type ? never
  : [Method<Type> | (keyof Type & `_${string}`)] extends [never] ? never : Type;

/** A type for each property that takes an object with behavior. The compiler refuses a table that lacks one. */
export type PropertyTypes<Props> = {
  readonly [Name in keyof Props as [HasBehavior<NonNullable<Props[Name]>>] extends [never] ? never : Name]-?: PropertyType<NonNullable<Props[Name]>>;
};

/** Returns the text that was given, or dots in its place. */
export const quoted = (given: string): string => (given.startsWith('"') ? given : '"…"');
const amount = (given: string) => (/^\d+(\.\d+)?$/.test(given) ? given : '…');
const processor = (given: string) => (/arm|aarch/i.test(given) ? 'ARM_64' : 'X86_64');

export const SIZE: PropertyType<Size> = { member: 'toMebibytes', description: 'a Size', example: (given) => `Size.mebibytes(${amount(given)})` };
export const DURATION: PropertyType<Duration> = { member: 'toSeconds', description: 'a Duration', example: (given) => `Duration.seconds(${amount(given)})` };
export const DAYS: PropertyType<Duration> = { ...DURATION, example: (given) => `Duration.days(${amount(given)})` };
export const VPC: PropertyType<ec2.IVpc> = { member: 'vpcId', description: 'an IVpc', example: () => "ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-…' })" };
export const KEY: PropertyType<kms.IKey> = { member: 'keyArn', description: 'an IKey', example: (given) => `kms.Key.fromKeyArn(this, 'Key', ${quoted(given)})` };
/** A key of which the ARN is enough. */
export const KEY_REF: PropertyType<kms.IKeyRef> = { ...KEY, member: 'keyRef', description: 'an IKeyRef' };
export const BUCKET: PropertyType<s3.IBucket> = {
  member: 'bucketName', description: 'an IBucket', example: (given) => `s3.Bucket.fromBucketName(this, 'Bucket', ${quoted(given)})`,
};
export const ROLE: PropertyType<iam.IRole> = { member: 'roleArn', description: 'an IRole', example: (given) => `iam.Role.fromRoleArn(this, 'Role', ${quoted(given)})` };
export const LOG_GROUP: PropertyType<logs.ILogGroup> = {
  member: 'logGroupArn', description: 'an ILogGroup', example: (given) => `logs.LogGroup.fromLogGroupName(this, 'Logs', ${quoted(given)})`,
};
export const REPOSITORY: PropertyType<ecr.IRepository> = {
  member: 'repositoryArn', description: 'an IRepository', example: (given) => `ecr.Repository.fromRepositoryName(this, 'Repository', ${quoted(given)})`,
};
export const TOPIC: PropertyType<sns.ITopic> = { member: 'topicArn', description: 'an ITopic', example: (given) => `sns.Topic.fromTopicArn(this, 'Topic', ${quoted(given)})` };
export const CERTIFICATE: PropertyType<acm.ICertificateRef> = {
  member: 'certificateRef', description: 'an ICertificateRef', example: (given) => `acm.Certificate.fromCertificateArn(this, 'Certificate', ${quoted(given)})`,
};
export const ARCHITECTURE: PropertyType<lambda.Architecture> = {
  member: 'dockerPlatform', description: 'an Architecture', example: (given) => `lambda.Architecture.${processor(given)}`,
};
export const PYTHON_RUNTIME: PropertyType<lambda.Runtime> = { member: 'supportsInlineCode', description: 'a Runtime', example: () => 'lambda.Runtime.PYTHON_3_13' };
export const INSTANCE_TYPE: PropertyType<ec2.InstanceType> = {
  member: 'isBurstable', description: 'an InstanceType', example: (given) => `new ec2.InstanceType(${quoted(given)})`,
};
export const MACHINE_IMAGE: PropertyType<ec2.IMachineImage> = {
  member: 'getImage', description: 'an IMachineImage', example: () => 'ec2.MachineImage.latestAmazonLinux2023()',
};
export const BUILD_IMAGE: PropertyType<codebuild.IBuildImage> = {
  member: 'runScriptBuildspec', description: 'an IBuildImage', example: () => 'codebuild.LinuxBuildImage.STANDARD_7_0',
};

/**
 * Returns the properties with a value of another type, which only a compiler refuses: JavaScript would end in a TypeError far from the cause.
 *
 * @param required properties that must be there
 */
export function checkTypes<Props extends object>(props: Props, types: PropertyTypes<Props>, required: (keyof PropertyTypes<Props>)[] = []): string[] {
  return Object.entries<PropertyType<never>>(types as Record<string, PropertyType<never>>).flatMap(([name, { member, description, example }]) => {
    const value = (props as Record<string, unknown>)[name];
    if (value === undefined ? !(required as string[]).includes(name) : typeof value === 'object' && value !== null && member in value) {
      return [];
    }
    const shown = typeof value === 'object' && value !== null ? 'another object' : JSON.stringify(value) ?? (value === undefined ? 'nothing' : `a ${typeof value}`);
    return [`${name} must be ${description}, got ${shown}: give ${example(shown)}`];
  });
}
