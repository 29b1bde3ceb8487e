import type { PathName } from './path-name';

/** Options of the demo's command line. */
export interface DemoOptions {
  /** Model to deploy; the digits example when absent. */
  readonly model?: string;
  /** Evaluation data of that model. */
  readonly data?: string;
  readonly inputShapes: Record<string, number[]>;
  /** The paths to show, in this order. */
  readonly paths: readonly PathName[];
  /** JSON file with prices that replace ours. */
  readonly prices?: string;
  readonly keep: boolean;
  /** Whether a path that this machine cannot show is an error, and not left out. */
  readonly strict: boolean;
  readonly json?: string;
}

/** In the order in which the demo shows them. */
export const PATH_NAMES: readonly PathName[];

export const USAGE: string;

/** Reads the command line. Throws one Error that names all problems. */
export function parseOptions(args: string[]): DemoOptions | 'help';
