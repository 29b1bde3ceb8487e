import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelFleetProps } from '../../lib';
import { ModelArtifact, ModelFleet, ModelSource, ServingBinary } from '../../lib';

export const env = { account: '123456789012', region: 'us-east-1' };

/** A fleet of a published model, with a server that its user brings, in a VPC of its own. */
export function fleet(
  props: Partial<ModelFleetProps> | ((stack: Stack) => Partial<ModelFleetProps>) = {}, stack = new Stack(new App(), 'Stack', { env }), id = 'Digits',
): { stack: Stack; digits: ModelFleet } {
  const bucket = s3.Bucket.fromBucketName(stack, `${id}Models`, 'models');
  const given = typeof props === 'function' ? props(stack) : props;
  const digits = new ModelFleet(stack, id, {
    vpc: given.vpc ?? new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }),
    model: ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, `${id}Published`, { bucket, manifestKey: 'digits-0123abcd/saved_model/7/manifest.json' })),
    servingBinary: ServingBinary.fromBucket(bucket, 'server', 'a'.repeat(64)),
    ...given,
  });
  return { stack, digits };
}

/** Properties of a template's resources of a type, in the template's order. */
export function properties(stack: Stack, type: string): any[] {
  return Object.values(Template.fromStack(stack).findResources(type)).map(({ Properties }) => Properties);
}

/** The launch template's script, with `token` in place of what is known only when the stack is deployed. */
export function userData(stack: Stack): string {
  const [launch] = properties(stack, 'AWS::EC2::LaunchTemplate');
  const value = launch.LaunchTemplateData.UserData['Fn::Base64'];
  return typeof value === 'string' ? value : value['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'token')).join('');
}

/** The content of a file that the script writes. */
export function fileOf(stack: Stack, name: string): string {
  const [, after] = userData(stack).split(`/${name} <<'END_OF_FILE'\n`);
  return after.split('END_OF_FILE')[0];
}

/** The file that tells the boot script what to do. */
export function bootSettings(stack: Stack): any {
  return JSON.parse(fileOf(stack, 'boot.json'));
}
