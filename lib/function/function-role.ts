import { Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** What Lambda needs to put a function into a VPC: the network part of AWS's own AWSLambdaVPCAccessExecutionRole. */
const VPC_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** Options of a function's role. */
export interface FunctionRoleOptions {
  readonly role?: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  readonly inVpc: boolean;
  readonly traced: boolean;
}

/** The role of a function that reads nothing at run time: it can write its own log, join its VPC, and send its traces. */
export function functionRole(scope: Construct, id: string, options: FunctionRoleOptions): iam.IRole {
  const role = options.role ?? new iam.Role(scope, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  options.logGroup.grantWrite(role);
  if (options.inVpc) {
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: VPC_ACTIONS, resources: ['*'] }));
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Lambda makes the network interfaces, whose names nobody knows before, and AWS documents these actions with every resource',
    });
  }
  if (options.traced) {
    // The CDK adds the two X-Ray actions itself.
    Validations.of(role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason: 'X-Ray has no resources that its write actions could be limited to' });
  }
  return role;
}
