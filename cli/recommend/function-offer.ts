import { FUNCTION_METRICS, LOG_BYTES, ONE_PROCESSOR_MEBIBYTES } from './defaults';
import { functionMemory } from './memory';
import type { Offer, Question, Refusal } from './offer';
import { functionSeconds, p99Ratio } from './offer';
import { HOURS_PER_MONTH } from './prices';

const MEMORY_SIZES = [128, 192, 256, 384, 512, 768, 1024, 1280, 1536, ONE_PROCESSOR_MEBIBYTES];
/** Ratio by which a quicker answer may cost more: billing by whole milliseconds makes slow functions a little cheaper. */
const QUICKER_MAY_COST = 1.05;

/** Returns the quickest of the cheapest functions that answer in time. Each request has an environment of its own, so none waits for another. */
export function functionOffer(question: Question): Offer | Refusal {
  const { measured, wanted, prices } = question;
  if (measured.format !== 'litert') {
    return { path: 'function', reason: 'a function serves LiteRT models, and this artifact is a SavedModel' };
  }
  const needed = functionMemory(measured);
  const sizes = needed > ONE_PROCESSOR_MEBIBYTES ? [needed] : MEMORY_SIZES.filter((size) => size >= needed);
  const all = sizes.map((memory) => {
    const milliseconds = 1000 * functionSeconds(question) * Math.max(1, ONE_PROCESSOR_MEBIBYTES / memory);
    const billed = Math.ceil(milliseconds) / 1000;
    const request = prices.lambdaRequest + billed * memory / 1024 * prices.lambdaGibibyteSecond[measured.architecture] + LOG_BYTES / 1e9 * prices.logGigabyte;
    const month = wanted.rate * HOURS_PER_MONTH * 3600 * request + FUNCTION_METRICS * prices.metricMonth;
    return { memory, milliseconds, p99: milliseconds * p99Ratio(measured), month };
  });
  const quick = all.filter(({ p99 }) => p99 <= wanted.p99);
  if (quick.length === 0) {
    const best = Math.min(...all.map(({ p99 }) => p99));
    return { path: 'function', reason: `99 of 100 answers take up to ${best.toPrecision(3)} ms on a full processor, and at most ${wanted.p99} ms are wanted` };
  }
  const least = Math.min(...quick.map(({ month }) => month));
  const [chosen] = quick.filter(({ month }) => month <= least * QUICKER_MAY_COST)
    .sort((left, right) => left.milliseconds - right.milliseconds || left.month - right.month);
  return {
    path: 'function',
    takes: `${chosen.memory} MiB, ${Math.ceil(wanted.rate * chosen.milliseconds / 1000)} at a time on average`,
    memoryMebibytes: chosen.memory,
    processorMilliseconds: 1000 * functionSeconds(question),
    concurrency: wanted.rate * chosen.milliseconds / 1000,
    p50: chosen.milliseconds,
    p99: chosen.p99,
    month: chosen.month,
    properties: `new ModelFunction(this, 'Model', {\n  model,\n  memorySize: Size.mebibytes(${chosen.memory}),${architecture(measured.architecture)}\n});`,
  };
}

function architecture(name: string): string {
  return name === 'arm64' ? '\n  architecture: lambda.Architecture.ARM_64,' : '';
}
