import { functionMemory } from './memory';
import type { Offer, Question, Refusal } from './offer';
import { serviceSeconds } from './offer';
import { HOURS_PER_MONTH } from './prices';

/** Memory that gives a function one full processor. Less gives a share of it; more gives other processors, which one answer does not use. */
const ONE_PROCESSOR_MEBIBYTES = 1769;
const MEMORY_SIZES = [128, 192, 256, 384, 512, 768, 1024, 1280, 1536, ONE_PROCESSOR_MEBIBYTES];
/** Bytes that a request logs: the handler's line with its metrics, and Lambda's lines for start and report. */
const LOG_BYTES = 700 + 550;
/** Latency, errors and load time, each for the function and for its version. */
const METRICS = 6;

/** Returns the cheapest function that answers in time. Each request has an environment of its own, so none waits for another. */
export function functionOffer(question: Question): Offer | Refusal {
  const { measured, wanted, prices } = question;
  if (measured.format !== 'litert') {
    return { path: 'function', reason: 'a function serves LiteRT models, and this artifact is a SavedModel' };
  }
  const least = functionMemory(measured);
  const sizes = least > ONE_PROCESSOR_MEBIBYTES ? [least] : MEMORY_SIZES.filter((size) => size >= least);
  const all = sizes.map((memory) => {
    const milliseconds = 1000 * serviceSeconds(question) * Math.max(1, ONE_PROCESSOR_MEBIBYTES / memory);
    const billed = Math.ceil(milliseconds) / 1000;
    const request = prices.lambdaRequest + billed * memory / 1024 * prices.lambdaGibibyteSecond[measured.architecture] + LOG_BYTES / 1e9 * prices.logGigabyte;
    return { memory, milliseconds, month: wanted.rate * HOURS_PER_MONTH * 3600 * request + METRICS * prices.metricMonth };
  });
  const quick = all.filter(({ milliseconds }) => milliseconds <= wanted.p99);
  if (quick.length === 0) {
    const best = Math.min(...all.map(({ milliseconds }) => milliseconds));
    return { path: 'function', reason: `one answer takes ${best.toPrecision(3)} ms on a full processor, and at most ${wanted.p99} ms are wanted` };
  }
  // Of two that cost the same, the quicker.
  const [chosen] = quick.sort((left, right) => left.month - right.month || left.milliseconds - right.milliseconds);
  return {
    path: 'function',
    takes: `${chosen.memory} MiB, ${Math.ceil(wanted.rate * chosen.milliseconds / 1000)} at a time on average`,
    memoryMebibytes: chosen.memory,
    p50: chosen.milliseconds,
    p99: chosen.milliseconds,
    month: chosen.month,
    properties: `new ModelFunction(this, 'Model', {\n  model,\n  memorySize: Size.mebibytes(${chosen.memory}),${architecture(measured.architecture)}\n});`,
  };
}

function architecture(name: string): string {
  return name === 'arm64' ? '\n  architecture: lambda.Architecture.ARM_64,' : '';
}
