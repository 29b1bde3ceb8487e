import type { Stack } from 'aws-cdk-lib';
import { Fn } from 'aws-cdk-lib';

/**
 * The Availability Zones of an example: those that `-c zones=us-east-1a,us-east-1c` names, or the Region's first two.
 *
 * The first two are named when the stack is deployed, because looking them up would cost every command of the app a call to AWS. Give others where
 * EKS, or a VPC endpoint, is not offered in one of them.
 */
export function exampleZones(stack: Stack): string[] {
  const zones = stack.node.tryGetContext('zones') as string | undefined;
  return zones?.split(',') ?? [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
}
