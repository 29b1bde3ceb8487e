import type { Stack } from 'aws-cdk-lib';
import { Fn } from 'aws-cdk-lib';

/**
 * Returns the Availability Zones from `-c zones=us-east-1a,us-east-1c`, or the Region's first two.
 *
 * The default is resolved during the deployment, because a lookup would cost every command of the app a call to AWS. Name others where EKS or a VPC
 * endpoint is not offered in one of them.
 */
export function exampleZones(stack: Stack): string[] {
  const zones = stack.node.tryGetContext('zones') as string | undefined;
  return zones?.split(',') ?? [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
}
