import type { PathName } from './path-name';

/** Options of the demo's command line. */
export interface DemoOptions {
  /** The program that makes the model and its data, where it is not made yet. */
  readonly make?: string;
  /** The model to deploy. Defaults to the digits example. */
  readonly model?: string;
  /** Evaluation data of that model. */
  readonly data?: string;
  /** File with the names of the classes of that model. */
  readonly labels?: string;
  readonly inputShapes: Record<string, number[]>;
  /** The paths to show, in this order. */
  readonly paths: readonly PathName[];
  /** The server of the paths that have a choice. */
  readonly server: 'tensorflow_serving' | 'litert';
  /** Nodes that run the pods of the path `service`. */
  readonly nodes: 'simulated' | 'real' | 'auto';
  /** Serve a page that asks what was deployed. */
  readonly open: boolean;
  /** Fail if this machine cannot run a path, instead of leaving it out. */
  readonly strict: boolean;
  readonly json?: string;
}

/** Names of the paths, in the order in which the demo shows them. */
export const PATH_NAMES: readonly PathName[];

/** The models of examples/ that can be shown, by name, with paths from the root of the repository. */
export const EXAMPLES: Record<string, { readonly make?: string; readonly model?: string; readonly data?: string; readonly labels?: string }>;

export const USAGE: string;

/** Parses the command line. Throws one Error with all problems. */
export function parseOptions(args: string[]): DemoOptions | 'help';

/** Returns what the set-up must install. */
export function setUpNeeds(options: DemoOptions): { namespaces: boolean; programs: string[]; testTools: boolean };

/** Returns how long the demo takes, as a sentence. */
export function duration(options: DemoOptions, isFirst: boolean): string;
