import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/**
 * Refuses a role that another stack creates, where its permissions name resources of this stack.
 *
 * They would be added to a policy of the role's stack. This stack depends on that one, so that the CDK ends with a cycle between the two.
 *
 * @param property name of the property
 */
export function checkRoleStack(scope: IConstruct, property: string, role: iam.IRole | undefined): string[] {
  if (!(role instanceof iam.Role) || Stack.of(role) === Stack.of(scope)) {
    return [];
  }
  return [
    `${property} must not be a role that another stack creates, got ${JSON.stringify(role.node.path)}: the permissions that are added to it name resources of this stack, `
    + `which depends on the role's. Give iam.Role.fromRoleArn(this, 'Role', role.roleArn), whose permissions are a policy of this stack, or create the role here`,
  ];
}
