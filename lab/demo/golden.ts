import { spawnSync } from 'child_process';
import { join } from 'path';
import type { Golden } from '../../lib/private/documents/golden';
import { ROOT } from '../../scripts/repository';
import type { Server } from './server';

export interface Comparison {
  readonly requests: number;
  /** Describes the first difference beyond the tolerance. */
  readonly difference: string | null;
  /** The greatest difference between two numbers, relative to the greatest expected number of their output. */
  readonly relative: number;
  /** Number of answers whose greatest number is in the expected place. */
  readonly decidedAlike: number;
}

/** Returns the key of a version's golden requests, next to manifest.json. */
export function goldenKey(manifestKey: string): string {
  return manifestKey.replace(/\/[^/]+\/(?<version>\d+)\/manifest\.json$/, '/golden/$<version>.json');
}

/** Compares answers by the rule of the version checks, in Python. */
function compareAnswers(golden: Golden, answers: readonly string[], tolerance: number): Omit<Comparison, 'requests'> {
  const program = join(ROOT, 'runtime', 'shared', 'src', 'cdk_tensorflow_shared', 'golden_answers.py');
  const { status, stdout, stderr, error } = spawnSync(join(ROOT, '.tools', 'python', 'bin', 'python'), ['-B', program], {
    input: JSON.stringify({ golden, answers, tolerance }), encoding: 'utf8', maxBuffer: 1 << 26,
  });
  if (status !== 0) {
    throw new Error(`the golden answers cannot be compared: ${error?.message ?? stderr}`);
  }
  return JSON.parse(stdout) as Omit<Comparison, 'requests'>;
}

/**
 * Sends every golden request to a server, under any model name. Throws if one is not answered.
 *
 * @param tolerance maximum difference, relative to the output's greatest expected number
 */
export async function replay(server: Server, model: string, golden: Golden, tolerance = golden.relativeTolerance): Promise<Comparison> {
  const answers: string[] = [];
  for (const { request } of golden.requests) {
    const { status, body } = await server.request('POST', `/v1/models/${model}:predict`, request);
    if (status !== 200) {
      throw new Error(`a golden request of ${model} is not answered, but got ${status}: ${body.slice(0, 300)}`);
    }
    answers.push(body);
  }
  return { requests: golden.requests.length, ...compareAnswers(golden, answers, tolerance) };
}
