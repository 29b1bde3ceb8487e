import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../private/acknowledge';
import { InlinePolicyRole } from '../private/inline-policy-role';

/** With `DESCRIPTIONS`, the actions Lambda needs to join a VPC: the network part of AWSLambdaVPCAccessExecutionRole. */
const INTERFACES = ['ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:UnassignPrivateIpAddresses'];

/** EC2 knows these with every resource only. */
const DESCRIPTIONS = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];

/** cdk-nag's rules against statements for every resource. */
const EVERY_RESOURCE_RULES = ['AwsSolutions-IAM5[Resource::*]', 'Serverless-LambdaStarPermissions'];

export interface FunctionRoleOptions {
  readonly role?: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  /** True if the log group is the user's, which may have a key. */
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
    // The resource is the one of https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: interfaces, subnets and security groups.
    const network = Stack.of(scope).formatArn({ service: 'ec2', resource: '*', resourceName: '*' });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: INTERFACES, resources: [network] }));
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: DESCRIPTIONS, resources: ['*'] }));
    acknowledgeWildcard(role, network, 'Lambda makes the network interfaces, whose names nobody knows before');
    for (const id of EVERY_RESOURCE_RULES) {
      Validations.of(role).acknowledge({ id, reason: 'EC2 describes subnets and network interfaces with every resource only' });
    }
  }
  ownRole?.seal();
  if (options.traced) {
    // The CDK adds the two X-Ray actions itself.
    for (const id of EVERY_RESOURCE_RULES) {
      Validations.of(role).acknowledge({ id, reason: 'X-Ray has no resources that its write actions could be limited to' });
    }
  }
  return role;
}
