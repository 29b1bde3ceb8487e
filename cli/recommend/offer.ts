import type { Measured } from './measured';
import type { Prices } from './prices';

/** The wanted rate and latency, and what a recommendation has to take for granted. */
export interface Wanted {
  /** Requests a second with one instance each, at all times. */
  readonly rate: number;
  /** Milliseconds within which 99 of 100 requests are answered. */
  readonly p99: number;
  /** Time that AWS's processor takes for what the job's took 1 for. */
  readonly processorFactor: number;
}

export interface Question {
  readonly measured: Measured;
  readonly wanted: Wanted;
  readonly prices: Prices;
}

/** One way to serve: what it takes, how fast it answers, what it costs. */
export interface Offer {
  readonly path: 'function' | 'service' | 'fleet';
  /** Functions, pods or instances, in words. */
  readonly takes: string;
  readonly memoryMebibytes: number;
  readonly instanceType?: string;
  /** Of pods or instances. */
  readonly count?: number;
  readonly nodes?: number;
  /** Share of the processors' time for requests. */
  readonly utilization?: number;
  readonly p50: number;
  readonly p99: number;
  /** In the currency of the prices. */
  readonly month: number;
  /** The part of it that pods take of nodes that are there already. */
  readonly monthOnOwnCluster?: number;
  /** The properties to paste. */
  readonly properties: string;
}

/** A path that cannot serve it, or not as fast as wanted. */
export interface Refusal {
  readonly path: Offer['path'];
  readonly reason: string;
}

/**
 * Time that the job's own Runtime API takes of a request to the native program: the median of benchmark/results/warm.md without the processor time of
 * the same request in benchmark/results/server.md, for one client.
 */
export const RUNTIME_API_MILLISECONDS = 0.09;

/** Returns the seconds that a processor of AWS takes for a request. */
export function serviceSeconds({ measured, wanted }: { readonly measured: Measured; readonly wanted: Pick<Wanted, 'processorFactor'> }): number {
  const { format, nativeRefusal, latencyMilliseconds, callMilliseconds = latencyMilliseconds } = measured;
  const native = format === 'litert' && nativeRefusal === undefined;
  const answer = native ? Math.max(callMilliseconds, latencyMilliseconds - RUNTIME_API_MILLISECONDS) : latencyMilliseconds;
  return answer * wanted.processorFactor / 1000;
}
