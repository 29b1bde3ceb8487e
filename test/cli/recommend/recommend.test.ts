import type { Offer } from '../../../cli/recommend/offer';
import { readPrices } from '../../../cli/recommend/prices';
import { answeredWithin } from '../../../cli/recommend/queue';
import { recommend } from '../../../cli/recommend/recommend';
import { recommendationText } from '../../../cli/recommend/text';
import { QUICK, SLOW } from './manifests';

const prices = readPrices();
const ask = (measured = SLOW, wanted: { rate?: number; p99?: number; processorFactor?: number } = {}) => (
  recommend({ measured, wanted: { rate: 50, p99: 100, processorFactor: 1, ...wanted }, prices }));
const offer = (found: ReturnType<typeof ask>, path: Offer['path']) => found.offers.find((each) => each.path === path)!;
const SECONDS_PER_MONTH = 730 * 3600;

describe('a function', () => {
  /** Memory for a model of 1.1 ms, where only computing costs. */
  function cheapestMemory(peakMemoryMebibytes: number | undefined, p99: number): number {
    const computing = { ...prices, logGigabyte: 0, lambdaRequest: 0, metricMonth: 0 };
    const measured = { ...QUICK, processorMilliseconds: 1.1, peakMemoryMebibytes };
    return offer(recommend({ measured, prices: computing, wanted: { rate: 50, p99, processorFactor: 1 } }), 'function').memoryMebibytes;
  }

  test('has a full processor for long answers, which cost as much on less memory and take longer', () => {
    const found = offer(ask(), 'function');
    expect(found).toMatchObject({ memoryMebibytes: 1769, p50: 20, p99: 20 });
    expect(found.month).toBeCloseTo(50 * SECONDS_PER_MONTH * (0.0000002 + 0.02 * 1769 / 1024 * 0.0000166667 + 1250 / 1e9 * 0.5) + 6 * 0.3, 6);
    expect(found.properties).toBe("new ModelFunction(this, 'Model', {\n  model,\n  memorySize: Size.mebibytes(1769),\n});");
  });

  test('has less memory where billing by whole milliseconds makes that cheaper by more than 5 %, and still answers in time', () => {
    // 5.5 ms on 1769 MiB are billed as 6, and 9.5 on 1024 as 10: 3 % less, which does not pay for 4 ms.
    expect(offer(ask({ ...QUICK, processorMilliseconds: 5.5 }), 'function')).toMatchObject({ memoryMebibytes: 1769, p99: 5.5 });
    // 1.1 ms on 1769 MiB are billed as 2, and 1.9 on 1024 as 2 too: 42 % less of what computing costs, without logs.
    expect([cheapestMemory(QUICK.peakMemoryMebibytes, 100), cheapestMemory(QUICK.peakMemoryMebibytes, 1.5)]).toEqual([1024, 1536]);
  });

  test('has no less memory than the model needs', () => {
    // 950 MiB with the margin of 15 % are 1092.5, so that 1024 are too few.
    expect(cheapestMemory(950, 100)).toBe(1280);
    expect(offer(ask({ ...SLOW, peakMemoryMebibytes: 2000 }), 'function')).toMatchObject({ memoryMebibytes: 2304, p99: 20 });
  });

  test('on Graviton costs what Graviton costs', () => {
    const arm = offer(ask({ ...SLOW, architecture: 'arm64' }), 'function');
    expect(arm.properties).toContain('architecture: lambda.Architecture.ARM_64');
    expect(offer(ask(), 'function').month - arm.month).toBeCloseTo(50 * SECONDS_PER_MONTH * 0.02 * 1769 / 1024 * (0.0000166667 - 0.0000133334), 6);
  });

  test('is refused where answers take longer than wanted, or the model is a SavedModel', () => {
    expect(ask(SLOW, { p99: 15 }).refusals).toContainEqual({ path: 'function', reason: '99 of 100 answers take up to 20.0 ms on a full processor, and at most 15 ms are wanted' });
    expect(ask({ ...SLOW, format: 'saved_model' }).refusals).toEqual([{ path: 'function', reason: 'a function serves LiteRT models, and this artifact is a SavedModel' }]);
  });
});

describe('a fleet', () => {
  test('is two of the cheapest instances where they suffice', () => {
    const found = offer(ask(), 'fleet');
    expect(found).toMatchObject({ instanceType: 'c7i.large', count: 2, memoryMebibytes: 256 });
    expect(found.month).toBeCloseTo(730 * (2 * 0.08925 + 0.0225), 9);
    expect(found.utilization).toBeCloseTo(25 * 0.02 / 2, 12);
    expect(found.p99).toBeCloseTo(1000 * answeredWithin({ rate: 25, service: 0.02, processors: 2 }, 0.99), 9);
    expect(found.properties).toBe([
      "new ModelFleet(this, 'Model', {", '  vpc,', '  model,', '  server: ModelServer.LITERT,', "  instanceType: new ec2.InstanceType('c7i.large'),", '});',
    ].join('\n'));
  });

  test('grows until its processors compute for at most 60 % of the time', () => {
    const found = offer(ask(SLOW, { rate: 500 }), 'fleet');
    // 500 requests of 20 ms keep 10 processors busy, and 60 % of 17 are 10.2.
    expect(found.utilization).toBeLessThanOrEqual(0.6);
    expect(found.count! * 2).toBe(18);
    expect(found.properties).toContain('minCapacity: 9,');
  });

  test('grows until 99 of 100 are answered in time', () => {
    const found = offer(ask(SLOW, { rate: 100, p99: 21 }), 'fleet');
    expect(found.p99).toBeLessThanOrEqual(21);
    const fewer = { rate: 100 / (found.count! - 1), service: 0.02, processors: prices.instances[found.instanceType!].processors };
    expect(1000 * answeredWithin(fewer, 0.99)).toBeGreaterThan(21);
  });

  test('has instances with memory for a copy of the model for each processor', () => {
    // 1.25 × 2 × 1400 MiB and the system's do not fit 4 GiB.
    expect(offer(ask({ ...SLOW, peakMemoryMebibytes: 1400 }), 'fleet').instanceType).toBe('m7i.large');
    expect(offer(ask({ ...SLOW, format: 'saved_model', peakMemoryMebibytes: 1400 }), 'fleet').instanceType).toBe('c7i.large');
  });
});

describe('a service', () => {
  test('is three pods on three nodes where they suffice, and costs its share on nodes that are there', () => {
    const found = offer(ask(QUICK), 'service');
    expect(found).toMatchObject({ count: 3, nodes: 3, instanceType: 'c7i.large', memoryMebibytes: 64 });
    expect(found.month).toBeCloseTo(730 * (0.1 + 3 * 0.08925 * 1.12), 9);
    expect(found.monthOnOwnCluster).toBeCloseTo(730 * 3 * 0.5 * 0.08925 * 1.12, 9);
    expect(found.properties).toBe("new ModelService(this, 'Model', {\n  cluster,\n  model,\n  server: ModelServer.LITERT,\n  memoryRequest: Size.mebibytes(64),\n});");
  });

  test('says how many pods it needs', () => {
    const found = offer(ask(SLOW, { rate: 500 }), 'service');
    expect(found.properties).toContain(`replicas: ${found.count},`);
    expect(found.utilization).toBeLessThanOrEqual(0.6);
  });

  test('and a fleet are refused where the LiteRT server cannot serve the model, or no instance has its processor', () => {
    const { refusals, cheapest } = ask({ ...SLOW, nativeRefusal: 'it keeps state' });
    expect([refusals.map(({ path }) => path), cheapest]).toEqual([['service', 'fleet'], 'function']);
    expect(refusals[0].reason).toBe('the LiteRT server cannot serve it (it keeps state); optimize it as a SavedModel for TensorFlow Serving');
    expect(ask({ ...SLOW, format: 'saved_model', architecture: 'arm64' }).refusals[1].reason).toBe('TensorFlow Serving runs on x86_64, and the artifact is for arm64');
  });
});

describe('the cheapest path', () => {
  test('is the function with few requests, and machines with many', () => {
    expect(ask(QUICK, { rate: 1 }).cheapest).toBe('function');
    expect(ask(QUICK, { rate: 1000 }).cheapest).toBe('fleet');
  });

  test('stands first, and the others after it by their costs', () => {
    const months = ask().offers.map(({ month }) => month);
    expect(months).toEqual([...months].sort((left, right) => left - right));
    expect(months).toHaveLength(3);
  });

  test('is none where one answer alone takes longer than wanted', () => {
    expect(ask(SLOW, { p99: 1 })).toMatchObject({ offers: [], cheapest: undefined });
  });

  test('depends on the factor of the processors as on the measured time itself', () => {
    const slower = ask(SLOW, { processorFactor: 2 });
    const measuredSlower = ask({ ...SLOW, processorMilliseconds: 40 });
    expect(slower.offers).toEqual(measuredSlower.offers);
  });
});

describe('the time of an answer', () => {
  const alone = (change: object) => offer(ask({ ...QUICK, ...change }, { rate: 0.01 }), 'function');

  test('is the processor time of a request, where the job measured that, and the latency otherwise', () => {
    expect(alone({ processorMilliseconds: 0.4, latencyMilliseconds: 0.9 })).toMatchObject({ p99: 0.4, processorMilliseconds: 0.4 });
    expect(alone({ processorMilliseconds: undefined, latencyMilliseconds: 0.9 })).toMatchObject({ p99: 0.9, processorMilliseconds: 0.9 });
  });

  test('has the 99th percentile that the job measured, in a server above the wait', () => {
    const found = ask({ ...QUICK, processorMilliseconds: 0.5, processorMillisecondsP99: 0.8 }, { rate: 0.01 });
    (['function', 'fleet', 'service'] as const).forEach((path) => expect(offer(found, path).p99).toBeCloseTo(1.6 * offer(found, path).p50, 9));
    expect(offer(found, 'function')).toMatchObject({ p50: 0.5, p99: 0.8, processorMilliseconds: 0.5 });
    expect(ask({ ...QUICK, processorMillisecondsP99: 0.8 }, { p99: 0.7 }).offers).toEqual([]);
  });

  test('is less around the model in a server, which exchanges one message where a function exchanges two', () => {
    const found = ask({ ...QUICK, processorMilliseconds: 0.4, callMilliseconds: 0.1 }, { rate: 0.01 });
    const [first, ...servers] = (['function', 'fleet', 'service'] as const).map((path) => offer(found, path).processorMilliseconds);
    expect(first).toBe(0.4);
    servers.forEach((milliseconds) => expect(milliseconds).toBeCloseTo(0.1 + 0.85 * 0.3, 9));
    expect(offer(ask({ ...QUICK, processorMilliseconds: 0.4, callMilliseconds: 0.5 }, { rate: 0.01 }), 'fleet').processorMilliseconds).toBe(0.4);
  });

  test('is that of a full processor, also where less memory takes longer', () => {
    const computing = { ...prices, logGigabyte: 0, lambdaRequest: 0, metricMonth: 0 };
    const small = offer(recommend({ measured: { ...QUICK, processorMilliseconds: 1.1 }, prices: computing, wanted: { rate: 50, p99: 100, processorFactor: 1 } }), 'function');
    expect(small.processorMilliseconds).toBeCloseTo(1.1, 9);
    expect(small.p99).toBeCloseTo(1.1 * 1769 / small.memoryMebibytes, 9);
    expect(small.concurrency).toBeCloseTo(50 * small.p99 / 1000, 9);
  });
});

describe('the mean concurrency', () => {
  test('of a function is what computes', () => {
    expect(offer(ask(SLOW, { rate: 75 }), 'function').concurrency).toBeCloseTo(75 * 0.02, 9);
  });

  test('of each pod has the requests that wait, half a request in computing for each at half load', () => {
    // The mean wait of M/D/1 is load / (2 · (1 − load)) of the service time.
    const found = offer(ask(SLOW, { rate: 75 }), 'service');
    expect(found).toMatchObject({ count: 3, processors: 1, utilization: 0.5, processorMilliseconds: 20 });
    expect(found.concurrency).toBeCloseTo(0.5 * 1.5, 9);
  });
});

describe('the text', () => {
  test('says on what it was measured, what is wanted, and what the figures leave out', () => {
    const text = recommendationText(ask(SLOW, { processorFactor: 1.5 }));
    expect(text).toContain('slow, version 3 (litert, dynamicRange): 20 ms of processor time for a warm request in the function\'s program, 100 MiB; measured on one thread of x86_64, by the build project:1 of 2026-11-30.');
    expect(text).toContain('Wanted: 50 requests a second, 99 of 100 answered within 100 ms.');
    expect(text).toMatch(/^PATH +TAKES +MEMORY +P50 +P99 +A MONTH$/m);
    expect(text).toContain('list prices of us-east-1, 2026-06');
    expect(text).toContain('1.5 times as slow as the one that measured; --processor-factor says otherwise');
    expect(text).toContain('(M/D/c)');
    expect(text).toContain("takes 40 ms for its start and AWS's own time on top");
    expect(text).toContain("new ModelFleet(this, 'Model'");
  });

  test('names the reasons where no path serves it as wanted', () => {
    const text = recommendationText(ask(SLOW, { p99: 1 }));
    expect(text).toContain('fleet: 99 of 100 answers take up to 20.0 ms, and at most 1 ms are wanted');
    expect(text).toContain('No path serves it as wanted.');
    expect(text).not.toContain('PATH');
  });
});
