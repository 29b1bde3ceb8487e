import type { ChannelCredentials } from '@grpc/grpc-js';
import { GrpcModelClient } from '../../examples/clients/typescript/grpc-client';
import { heldOutDigits, likeliest } from '../demo/digits';

export { likeliest };

/** Digits that no optimization has seen. */
export const HELD_OUT = heldOutDigits();

/** The share of right decisions, one for each held-out digit. */
export function accuracy(decided: number[]): number {
  return HELD_OUT.filter(({ label }, index) => decided[index] === label).length / HELD_OUT.length;
}

/** Decides digits by gRPC, over one channel to HOST:PORT. */
export async function byGrpc<T>(
  address: string, model: string, action: (decide: (image: number[][][]) => Promise<number>) => Promise<T>, channel?: ChannelCredentials,
): Promise<T> {
  const client = new GrpcModelClient(address, model, channel);
  try {
    return await action(async (image) => {
      const inputs = { image: { shape: [1, 28, 28, 1], values: Float32Array.from(image.flat(2)) } };
      const [{ values }] = Object.values(await client.predict(inputs));
      return likeliest(Array.from(values, Number));
    });
  } finally {
    client.close();
  }
}
