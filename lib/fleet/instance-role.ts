import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

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
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...SESSION_MANAGER_ACTIONS, HEALTH_ACTION], resources: ['*'] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['cloudformation:SignalResource'], resources: [Stack.of(scope).stackId] }));
  options.logGroup.grantWrite(role);
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'AWS knows these actions of Session Manager\'s agent, and the question for targets\' health, with every resource only',
  });
  return role;
}
