import { createHash } from 'crypto';
import { Aws, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Lambda allows 140 characters; hyphen and purpose leave this many for the stack's name. */
const LONGEST_STACK_NAME = 100;
const LONGEST_PURPOSE = 39;

/**
 * Returns the name of a layer. Layer names are account-wide, and CloudFormation's default, the logical id, is the same in every stack.
 *
 * It is free of the construct's path, so that `cdk refactor` can rename the construct. Layers of one stack may share a name: each is a version of it.
 *
 * @param scope a construct in the layer's stack
 * @param purpose words that tell the layers of a stack apart; tokens are left out
 */
export function layerName(scope: IConstruct, ...purpose: string[]): string {
  const { stackName } = Stack.of(scope);
  const words = purpose.filter((word) => !Token.isUnresolved(word)).join('-').replace(/[^\w-]/g, '-');
  return Token.isUnresolved(stackName)
    // The deployment's name may have 128 characters, which leaves no place for words.
    ? `${Aws.STACK_NAME}-${createHash('sha256').update(words).digest('hex').slice(0, 8)}`
    : `${stackName.slice(0, LONGEST_STACK_NAME)}-${words.slice(0, LONGEST_PURPOSE)}`;
}
