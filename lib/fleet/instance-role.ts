import { Aws, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** What the agent of Systems Manager needs for Session Manager, and nothing else of AmazonSSMManagedInstanceCore. */
const SESSION_MANAGER_ACTIONS = [
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
];

/** An instance asks whether the load balancer sends it requests. IAM knows no resource for this action. */
const HEALTH_ACTION = 'elasticloadbalancing:DescribeTargetHealth';

/** The role of the instances, without the model's and the server's objects. */
export function instanceRole(scope: Construct, id: string, options: { role?: iam.IRole; logGroup: logs.ILogGroup }): iam.IRole {
  const role = options.role ?? new iam.Role(scope, id, { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...SESSION_MANAGER_ACTIONS, HEALTH_ACTION], resources: ['*'] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['cloudformation:SignalResource'], resources: [Aws.STACK_ID] }));
  options.logGroup.grantWrite(role);
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'AWS knows these actions of Session Manager\'s agent, and the question for targets\' health, with every resource only',
  });
  return role;
}
