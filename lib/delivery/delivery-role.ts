import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../private/acknowledge';
import { EVENT_SOURCE, eventBusArn } from '../private/event-rule';
import { InlinePolicyRole } from '../private/inline-policy-role';

/** Resources that the state machine works with. */
export interface DeliveryAccess {
  readonly stateMachineName: string;
  readonly bucketArn: string;
  readonly key: string;
  readonly tableArn: string;
  readonly parameterNames: string[];
  readonly reasonFunctionArn: string;
  readonly stackNames: string[];
}

/**
 * The role of the state machine.
 *
 * It passes no role to CloudFormation, which goes on with the execution role that a stack has. By a template of its own choice it could do whatever that role
 * may do; the state machine's definition gives it the previous template only. So whoever may change the state machine may do as much.
 */
export function deliveryRole(scope: Construct, id: string, access: DeliveryAccess): iam.Role {
  const stack = Stack.of(scope);
  const role = new InlinePolicyRole(scope, id, {
    assumedBy: new iam.ServicePrincipal('states.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    description: 'Updates the stacks that serve a delivered TensorFlow model',
  });
  const stacks = stackArns(scope, access.stackNames);
  const executions = stack.formatArn({ service: 'states', resource: 'execution', resourceName: `${access.stateMachineName}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  // CloudFormation reads a stack's SSM parameters as who updates it: those of this delivery, of cdk bootstrap, and public ones, such as of machine images.
  const templates = [parameterArn(scope, '/cdk-bootstrap/*'), stack.formatArn({ service: 'ssm', account: '', resource: 'parameter', resourceName: 'aws/service/*' })];
  const statements: [string[], string[], Record<string, Record<string, string>>?][] = [
    [['s3:ListBucketVersions'], [access.bucketArn], { StringEquals: { 's3:prefix': access.key } }],
    [['dynamodb:GetItem', 'dynamodb:UpdateItem'], [access.tableArn]],
    [['states:DescribeExecution'], [executions]],
    [['ssm:GetParameter', 'ssm:GetParameters', 'ssm:PutParameter'], access.parameterNames.map((name) => parameterArn(scope, name))],
    [['ssm:GetParameters'], templates],
    [['cloudformation:DescribeStacks', 'cloudformation:UpdateStack'], stacks],
    [['lambda:InvokeFunction'], [access.reasonFunctionArn]],
    [['events:PutEvents'], [eventBusArn(scope)], { StringEquals: { 'events:source': EVENT_SOURCE } }],
  ];
  statements.forEach(([actions, resources, conditions]) => role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources, conditions })));
  acknowledgeStacks(role, stacks);
  templates.forEach((arn) => acknowledgeWildcard(role, arn, 'Parameters that the templates of the stacks may name: of cdk bootstrap, and public ones'));
  acknowledgeWildcard(role, executions, 'Executions of this state machine, whose names Step Functions makes');
  return role;
}

/** The stacks of these names, in the account and Region of the scope. */
export function stackArns(scope: Construct, names: string[]): string[] {
  return names.map((name) => Stack.of(scope).formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${name}/*` }));
}

/** Acknowledges that a role has permissions for stacks of these names. */
export function acknowledgeStacks(role: iam.Role, arns: string[]): void {
  arns.forEach((arn) => acknowledgeWildcard(role, arn, 'The end of a stack\'s ARN is made when the stack is'));
}

/** The SSM parameter of a name that begins with a slash. */
export function parameterArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.replace(/^\//, '') });
}
