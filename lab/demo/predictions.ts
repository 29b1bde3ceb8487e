import type { Golden } from '../../lib/private/documents/golden';
import type { Manifest } from '../../lib/private/documents/manifest';
import { checkRight } from './checks';
import { heldOutDigits, likeliest } from './digits';
import { zeroRequest } from './figures';
import type { Server } from './server';

export interface Predicted {
  readonly predictions: unknown[];
  /** Number of held-out digits that are right. Undefined for the user's own model. */
  readonly correct?: number;
}

/** Sends the body of a predict request, and returns that of the answer. Throws unless it is answered. */
export async function ask(server: Server, model: string, body: unknown): Promise<unknown> {
  const answer = await server.request('POST', `/v1/models/${model}:predict`, body);
  if (answer.status !== 200) {
    throw new Error(`the model answered ${answer.status}: ${answer.body}`);
  }
  return JSON.parse(answer.body);
}

/** Predicts digits that were not used in training. Throws if too many are wrong. */
export async function predictDigits(server: Server, model: string): Promise<Predicted> {
  const digits = heldOutDigits();
  const { predictions: scores } = await ask(server, model, { instances: digits.map((digit) => digit.image) }) as { predictions: number[][] };
  const predictions = scores.map(likeliest);
  const correct = digits.filter((digit, index) => digit.label === predictions[index]).length;
  process.stdout.write(`\n  ${correct} of ${digits.length} digits that the training never saw are right.\n`);
  checkRight(correct, digits.length);
  return { predictions, correct };
}

const shortened = (value: unknown) => {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
};

/** Sends a golden request to the user's own model if it takes text or has evaluation data, from which golden requests are made; else one instance of zeros. */
export async function predictOwn(server: Server, manifest: Manifest, golden: () => Promise<Golden>, hasData: boolean): Promise<Predicted> {
  const isText = Object.values(manifest.signatures[manifest.defaultSignature].inputs).some(({ dtype }) => dtype === 'string');
  const known = isText || hasData ? (await golden()).requests[0]?.request : undefined;
  const request = known ?? zeroRequest(manifest);
  const answer = await ask(server, manifest.model, request) as { outputs?: unknown; predictions?: unknown };
  const outputs = answer.outputs ?? answer.predictions;
  const row = known === undefined ? 'One instance of zeros' : hasData ? 'A row of the data' : 'A golden request';
  process.stdout.write(`\n  ${row}, ${shortened(request)},\n  is answered with ${shortened(outputs)}\n`);
  return { predictions: [outputs] };
}
