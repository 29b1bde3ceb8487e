import { createHash } from 'crypto';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Returns a digest that is the same in every synthesis, even if the value contains tokens. */
export function stableDigest(scope: Construct, value: unknown): string {
  return createHash('sha256').update(JSON.stringify(Stack.of(scope).resolve(value))).digest('hex').slice(0, 8);
}
