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
  /** Number of pods or instances. */
  readonly count?: number;
  /** Processors of each pod or instance. */
  readonly processors?: number;
  readonly nodes?: number;
  /** Share of the processors' time for requests. */
  readonly utilization?: number;
  /** Time that a request takes a full processor. */
  readonly processorMilliseconds: number;
  /** Requests at a time on average: of the function, or of each pod or instance, with those that wait for a processor. */
  readonly concurrency: number;
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

interface Timed {
  readonly measured: Measured;
  readonly wanted: Pick<Wanted, 'processorFactor'>;
}

/** Returns the seconds that a processor of AWS takes for a request to a function: what the native program computed for one, or else the measured latency. */
export function functionSeconds({ measured, wanted }: Timed): number {
  return (measured.processorMilliseconds ?? measured.latencyMilliseconds) * wanted.processorFactor / 1000;
}

/** Returns the 99th percentile of a request's processor time, divided by the typical time; 1 if the job did not measure it. */
export function p99Ratio({ processorMilliseconds, processorMillisecondsP99 }: Measured): number {
  return processorMilliseconds === undefined || processorMillisecondsP99 === undefined ? 1 : Math.max(1, processorMillisecondsP99 / processorMilliseconds);
}

/**
 * Share of what a function takes around the model that a server takes, which exchanges one message for a request and not two.
 *
 * `npm test -- replay` found 0.5 to 0.8 of processor time; the waits of a server that is woken for each request are in the rest.
 */
const SERVER_SHARE = 0.85;

/** Returns the same for a server. */
export function serverSeconds({ measured, wanted }: Timed): number {
  const { processorMilliseconds, callMilliseconds } = measured;
  const isKnown = processorMilliseconds !== undefined && callMilliseconds !== undefined;
  const around = isKnown ? Math.max(0, processorMilliseconds - callMilliseconds) : 0;
  return functionSeconds({ measured, wanted }) - (1 - SERVER_SHARE) * around * wanted.processorFactor / 1000;
}
