import { Lazy, Stack } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { bundledBytes } from '../bundling/python-code';
import type { RuntimeLayer } from './runtime-layer';

/** Lambda's limit for code and layers together, unzipped. Keep in step with `compatibility.py`. */
const MAX_UNZIPPED_BYTES = 262_144_000;

/** Known unzipped sizes of everything except the runtime and the model. The function itself is created later. */
export function partBytes(
  handler: () => lambda.Function, hookLayer: lambda.LayerVersion | undefined, layers: lambda.ILayerVersion[] = [],
): Record<string, number> {
  return {
    handler: Lazy.number({ produce: () => bundledBytes(handler()) ?? 0 }),
    ...hookLayer ? { 'hook layer': bundledBytes(hookLayer) ?? 0 } : {},
    ...layers.length > 0 ? { 'further layers': layers.reduce((sum, layer) => sum + (bundledBytes(layer) ?? 0), 0) } : {},
  };
}

/** Checks at synth what is known without the model. The compatibility check adds the model's size at deployment. */
export function checkSize(scope: Construct, known: Record<string, number>, runtimes: RuntimeLayer[]): string[] {
  const parts: Record<string, number> = { ...Stack.of(scope).resolve(known), 'runtime layer': Math.min(...runtimes.map((layer) => layer._bytes ?? 0)) };
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  if (total <= MAX_UNZIPPED_BYTES) {
    return [];
  }
  const shown = Object.entries(parts).map(([name, bytes]) => `${name} ${bytes}`).join(', ');
  return [
    `code and layers have ${total} bytes unzipped (${shown}), without the model, and Lambda allows ${MAX_UNZIPPED_BYTES}: `
    + 'use fewer or smaller layers, or ModelService or ModelFleet, which have no such limit',
  ];
}
