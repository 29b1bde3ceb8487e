import { request } from 'http';
import { HELD_OUT } from '../e2e/digits';

const CLIENTS = 4;
const TIMEOUT_MILLISECONDS = 5000;

/** The requests that were sent while something happened. */
export interface Load {
  readonly answered: number;
  /** What went wrong, for each request that got no prediction. */
  readonly failures: string[];
  /** When the last of them was sent, in milliseconds after the first request. */
  readonly lastFailure: number;
}

/** Asks for one prediction, over a connection of its own. */
export function predict(address: string, body: unknown = { instances: [HELD_OUT[0].image] }): Promise<number[][]> {
  const content = JSON.stringify(body);
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, path: '/v1/models/digits:predict', method: 'POST', agent: false, timeout: TIMEOUT_MILLISECONDS, headers: { 'content-type': 'application/json' } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (incoming.statusCode === 200) {
            resolve((JSON.parse(text) as { predictions: number[][] }).predictions);
          } else {
            reject(new Error(`status ${incoming.statusCode}: ${text}`));
          }
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}

/** Asks without a pause, from a few clients at the same time, until something has ended. */
export async function askDuring<T>(address: string, running: Promise<T>, body?: unknown): Promise<{ result: T; load: Load }> {
  const failures: string[] = [];
  const begin = Date.now();
  let answered = 0;
  let lastFailure = 0;
  let over = false;
  const client = async () => {
    while (!over) {
      const sent = Date.now() - begin;
      try {
        await predict(address, body);
        answered++;
      } catch (error) {
        failures.push(`after ${sent} ms: ${String(error)}`);
        lastFailure = Math.max(lastFailure, sent);
      }
      await new Promise((done) => setTimeout(done, 25));
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  const result = await running.finally(() => (over = true));
  await Promise.all(clients);
  return { result, load: { answered, failures, lastFailure } };
}

/** Prints the counts, which say more than whether a test has passed. */
export function report(what: string, { answered, failures }: Load): void {
  process.stdout.write(`${what}: ${failures.length} of ${answered + failures.length} requests failed${failures.length > 0 ? `, the first ${failures[0]}` : ''}\n`);
}
