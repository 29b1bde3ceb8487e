import type { Server } from './server';

/** golden/<version>.json: requests with the answers of the model that was published. */
export interface Golden {
  readonly model: string;
  readonly relativeTolerance: number;
  readonly requests: readonly { readonly request: Record<string, unknown>; readonly response: unknown }[];
}

/** How a server's answers differ from the expected ones. */
export interface Difference {
  readonly requests: number;
  /** The greatest difference of two numbers, as a share of the greatest number of that request's expected answer. */
  readonly relative: number;
  /** How many answers have their greatest number in another place. */
  readonly decisions: number;
}

/** Where manifest.json names a version's golden requests: a key beside it. */
export function goldenKey(manifestKey: string): string {
  return manifestKey.replace(/\/[^/]+\/(?<version>\d+)\/manifest\.json$/, '/golden/$<version>.json');
}

function numbers(value: unknown): number[] {
  if (typeof value === 'number') {
    return [value];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbers) : [];
}

/** Sends every golden request to a server, whatever it calls the model. Throws where one is not answered by as many numbers. */
export async function replay(server: Server, model: string, golden: Golden): Promise<Difference> {
  let relative = 0;
  let decisions = 0;
  for (const { request, response } of golden.requests) {
    const answer = await server.request('POST', `/v1/models/${model}:predict`, request);
    const expected = numbers(response);
    const got = answer.status === 200 ? numbers(JSON.parse(answer.body)) : [];
    if (got.length !== expected.length) {
      throw new Error(`a golden request of ${model} has ${expected.length} numbers for an answer, and got ${answer.status}: ${answer.body.slice(0, 300)}`);
    }
    const scale = Math.max(...expected.map(Math.abs)) || 1;
    relative = Math.max(relative, ...expected.map((value, index) => Math.abs(value - got[index]) / scale));
    decisions += got.indexOf(Math.max(...got)) === expected.indexOf(Math.max(...expected)) ? 0 : 1;
  }
  return { requests: golden.requests.length, relative, decisions };
}
