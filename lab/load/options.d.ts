import type { PathName } from '../demo/path-name';

/** Options of the load test's command line. */
export interface LoadOptions {
  /** Requests for each path, without those that are sent during the update. */
  readonly requests: number;
  readonly paths: readonly PathName[];
}

/** Fewest requests of a run: each size must come before each look at the memory. */
export const LEAST_REQUESTS: number;

export const USAGE: string;

/** Parses the command line. Throws one Error with all problems. */
export function parseOptions(args: string[]): LoadOptions | 'help';
