import { Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../private/acknowledge';

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
