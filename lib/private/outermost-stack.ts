import type { Stack } from 'aws-cdk-lib';

/** The stack that is deployed: CloudFormation generates a nested stack's name, and updates it with the outermost one. */
export function outermostStack(stack: Stack): Stack {
  return stack.nestedStackParent ? outermostStack(stack.nestedStackParent) : stack;
}
