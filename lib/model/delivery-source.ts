import { Stack, Token } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import { outermostStack } from '../private/outermost-stack';
import type { IDeliveredModel } from './delivered-model';

/** A delivery waits for busy stacks and other deliveries, and for a build of up to 55 minutes in each stack. */
export const LONGEST_DELIVERY_MINUTES = 600;

/**
 * Characters that a parameter of the standard tier takes.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ssm.html
 */
export const LONGEST_PARAMETER = 4096;

/** In the names of a stack's outputs that say which version of a delivered model the stack serves. */
export const DELIVERED_OUTPUT = 'DeliveredModel';

/**
 * Reads one of a delivery's parameters, as a CloudFormation parameter of an SSM type.
 *
 * CloudFormation fetches its value anew at every update, also of an update with the previous template, and the state machine knows the stack by it.
 */
export function readDelivered(scope: Construct, delivery: IDeliveredModel, parameterName: string): string {
  failIfAny(lit`InvalidModelDelivery`, placeProblems(scope, delivery), scope);
  // The parameters must be there first. A reference to the bucket implies that only if the bucket is of the same stack.
  Stack.of(scope).addStackDependency(Stack.of(delivery));
  return ssm.StringParameter.valueForStringParameter(scope, parameterName);
}

function placeProblems(scope: Construct, delivery: IDeliveredModel): string[] {
  const [here, there] = [Stack.of(scope), Stack.of(delivery)];
  const where = JSON.stringify(delivery.node.path);
  if (here.nestedStackParent) {
    return [`${JSON.stringify(scope.node.path)} takes its model from the delivery ${where}, and is in a nested stack, whose version the delivery cannot see: it reads the `
      + `outputs of the stacks that it updates. Make it in the stack ${JSON.stringify(outermostStack(here).stackName)} itself, or in one of its own`];
  }
  if (here === outermostStack(there)) {
    return [`the delivery ${where} must be in a stack of its own, deployed first: its state machine updates the stacks that serve its models, and a stack `
      + 'reads its parameters before it makes them'];
  }
  return (['account', 'region'] as const)
    .filter((name) => !Token.isUnresolved(here[name]) && !Token.isUnresolved(there[name]) && here[name] !== there[name])
    .map((name) => `the delivery ${where} must be in the ${name} of the stacks that it updates, got ${there[name]} for the delivery and ${here[name]} `
      + `for ${JSON.stringify(here.stackName)}: give each ${name} a delivery of its own`);
}
