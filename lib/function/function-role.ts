import { Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { InlinePolicyRole } from '../private/inline-policy-role';

/** The actions Lambda needs to join a VPC: the network part of AWSLambdaVPCAccessExecutionRole. */
const VPC_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

export interface FunctionRoleOptions {
  readonly role?: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  /** Whether the log group is the user's, which may have a key. */
  readonly givenLogGroup: boolean;
  readonly inVpc: boolean;
  readonly traced: boolean;
}

/** Creates a role that writes the function's own log, joins its VPC and sends traces, and reads nothing. */
export function functionRole(scope: Construct, id: string, options: FunctionRoleOptions): iam.IRole {
  const ownRole = options.role ? undefined : new InlinePolicyRole(scope, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const role = options.role ?? ownRole!;
  if (options.givenLogGroup) {
    ownRole?.seal();
  }
  options.logGroup.grantWrite(role);
  if (options.inVpc) {
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: VPC_ACTIONS, resources: ['*'] }));
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Lambda makes the network interfaces, whose names nobody knows before, and AWS documents these actions with every resource',
    });
  }
  ownRole?.seal();
  if (options.traced) {
    // The CDK adds the two X-Ray actions itself.
    Validations.of(role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason: 'X-Ray has no resources that its write actions could be limited to' });
  }
  return role;
}
