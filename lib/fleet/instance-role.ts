import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/published-model';
import { acknowledgePrefix } from '../optimization/artifact/artifact-access';
import { nameDefaultPolicy } from '../private/default-policy';
import { grantKey } from '../private/key-grant';
import type { StoredBinary } from '../serving/stored-binary';
import type { InstanceProgram } from './instance-program';

/** Minimal permissions for Session Manager, instead of AmazonSSMManagedInstanceCore. */
const SESSION_MANAGER_ACTIONS = [
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
];

/** Lets an instance check its target health. The action has no resource-level permissions. */
const HEALTH_ACTION = 'elasticloadbalancing:DescribeTargetHealth';

/** Returns the instances' role, without access to the model and the server yet. */
export function instanceRole(scope: Construct, id: string, options: { role?: iam.IRole; logGroup: logs.ILogGroup }): iam.IRole {
  const role = options.role ?? new iam.Role(scope, id, { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  if (options.role === undefined) {
    nameDefaultPolicy(role);
  }
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...SESSION_MANAGER_ACTIONS, HEALTH_ACTION], resources: ['*'] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['cloudformation:SignalResource'], resources: [Stack.of(scope).stackId] }));
  options.logGroup.grantWrite(role);
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'AWS knows these actions of Session Manager\'s agent, and the question for targets\' health, with every resource only',
  });
  return role;
}

/** Files that an instance downloads when it boots. */
export interface BootInputs {
  readonly artifact: IModelArtifact;
  readonly server: StoredBinary[];
  readonly programs: InstanceProgram[];
}

/** Grants read access to the files needed for the boot only. */
export function grantBoot(role: iam.IRole, { artifact, server, programs }: BootInputs): iam.Grant[] {
  const { bucket } = artifact;
  (referenceOf(artifact)?.keyPatterns ?? []).forEach((pattern) => acknowledgePrefix(role, bucket, pattern));
  const resourceArns = [
    ...server.map((file) => file.bucket.arnForObjects(file.key)),
    ...programs.map(({ asset }) => asset.bucket.arnForObjects(asset.s3ObjectKey)),
  ];
  const objects = iam.Grant.addToPrincipal({ grantee: role, actions: ['s3:GetObject'], resourceArns });
  const keys = new Set(server.map((file) => file.bucket.encryptionKey).filter((key) => key !== undefined));
  return [artifact.grantRead(role), objects, ...[...keys].map((key) => grantKey(key, role, 'kms:Decrypt'))];
}
