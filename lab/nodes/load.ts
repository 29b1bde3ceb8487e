import { request } from 'http';
import { HELD_OUT } from '../e2e/digits';

const CLIENTS = 4;
/** Timeout of a request, long enough for a busy machine: beyond it a request is lost, and not only slow. */
const TIMEOUT_SECONDS = 60;

/** The requests that were sent while something happened. */
export interface Load {
  readonly answered: number;
  /** Error of each request that got no prediction. */
  readonly failures: string[];
  /** Time of the last failed request, in milliseconds after the first request. */
  readonly lastFailure: number;
}

/** Requests of the clients, and how long they wait for the answer. */
export interface Asking {
  /** @default one digit */
  readonly body?: unknown;
  /** @default 60 */
  readonly timeoutSeconds?: number;
}

/** Asks for one prediction, over a connection of its own. */
export function predict(address: string, { body = { instances: [HELD_OUT[0].image] }, timeoutSeconds = TIMEOUT_SECONDS }: Asking = {}): Promise<number[][]> {
  const content = JSON.stringify(body);
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, path: '/v1/models/digits:predict', method: 'POST', agent: false, timeout: timeoutSeconds * 1000, headers: { 'content-type': 'application/json' } },
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
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${timeoutSeconds} s`)));
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}

/** Asks without a pause, from a few clients at the same time, until something has ended. */
export async function askDuring<T>(address: string, running: Promise<T>, asking: Asking = {}): Promise<{ result: T; load: Load }> {
  const failures: string[] = [];
  const begin = Date.now();
  let answered = 0;
  let lastFailure = 0;
  let over = false;
  const client = async () => {
    while (!over) {
      const sent = Date.now() - begin;
      try {
        await predict(address, asking);
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
