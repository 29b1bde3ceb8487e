import { createHash } from 'crypto';
import { Aws, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { outermostStack } from '../private/outermost-stack';
import { checkPattern } from '../private/validation';

/** First part of SERVER_PREFIX. */
const SHARED_PREFIX = 'shared';

/** Derives the default model name from the construct's id, with the characters that a model name may have. */
export function defaultModelName(id: string): string {
  return id.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+/, '').slice(0, 63).replace(/-+$/, '');
}

/** TensorFlow Serving takes everything but slashes and colons; what needs no encoding in a path is allowed, as every client writes the name there. */
export function checkModelName(modelName: string): string[] {
  return checkPattern('modelName', modelName, /^(?=.{1,63}$)\w([\w.-]*\w)?$/,
    'at most 63 letters, digits, underscores, hyphens and dots, with neither hyphen nor dot at an end');
}

export function checkArtifactPrefix(artifactPrefix?: string): string[] {
  if (artifactPrefix === SHARED_PREFIX) {
    return [`artifactPrefix must not be ${JSON.stringify(SHARED_PREFIX)}, where servers of all models are published: give the model another prefix`];
  }
  return checkPattern('artifactPrefix', artifactPrefix, /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/,
    'at most 128 letters, digits, hyphens and underscores, with a letter or digit at its start and without slashes');
}

/**
 * The prefix of all objects of one model. It is the same in every deployment and unique among models.
 *
 * Account or Region appear as they are if they are known only during the deployment: a hash cannot contain tokens.
 */
export function modelPrefix(scope: Construct, modelName: string): string {
  const stack = outermostStack(Stack.of(scope));
  const { account, region } = stack;
  const stackName = Token.isUnresolved(stack.stackName) ? stack.node.path : stack.stackName;
  if (Token.isUnresolved(account) || Token.isUnresolved(region)) {
    return `${modelName}-${lastOfHash(stackName, scope.node.addr)}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
  }
  return `${modelName}-${lastOfHash(account, region, stackName, scope.node.addr)}`;
}

function lastOfHash(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(-8);
}
