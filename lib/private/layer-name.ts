import { Aws, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Lambda allows 140 characters; purpose and address leave this many for the stack's name. */
const LONGEST_STACK_NAME = 100;

/**
 * Returns the name of a construct's layer. Layer names are account-wide, and CloudFormation's default, the logical id, is the same in every stack.
 *
 * @param scope the layer's construct
 * @param purpose a word or two of letters, digits, hyphens and underscores
 */
export function layerName(scope: Construct, purpose: string): string {
  const { stackName } = Stack.of(scope);
  const address = scope.node.addr.slice(-8);
  return Token.isUnresolved(stackName)
    ? `${Aws.STACK_NAME}-${address}`
    : `${stackName.slice(0, LONGEST_STACK_NAME)}-${purpose.slice(0, 30)}-${address}`;
}
