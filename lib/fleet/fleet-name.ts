import { Aws, Lazy, Stack } from 'aws-cdk-lib';
import type { CfnResource } from 'aws-cdk-lib';

/**
 * Names a group of instances in its metrics: `<stack>/<logical id of the group>`.
 *
 * In the group's own stack the first part is AWS::StackName, because stacks of several names can be deployed from one template, such as a product of
 * Service Catalog. In another stack that would be the other stack's name, so there it is the name that the app gives the group's stack.
 */
export function fleetNameOf(group: CfnResource): string {
  const own = Stack.of(group);
  const stackName = Lazy.uncachedString({ produce: ({ scope }) => (Stack.of(scope) === own ? Aws.STACK_NAME : own.stackName) });
  return `${stackName}/${group.logicalId}`;
}
