import type { Measured } from '../../../cli/recommend/measured';

/** A model that answers in 20 ms, in round numbers. */
export const SLOW: Measured = {
  model: 'slow', version: 3, buildId: 'project:1', created: '2026-11-30T10:00:00Z', format: 'litert', architecture: 'x86_64', candidate: 'dynamicRange',
  sizeBytes: 20_000_000, latencyMilliseconds: 20.5, processorMilliseconds: 20, peakMemoryMebibytes: 100, startMilliseconds: 40,
};

/** A model that answers in half a millisecond. */
export const QUICK: Measured = { ...SLOW, model: 'quick', latencyMilliseconds: 0.9, processorMilliseconds: 0.5, peakMemoryMebibytes: 22, sizeBytes: 480_000, startMilliseconds: 5 };
