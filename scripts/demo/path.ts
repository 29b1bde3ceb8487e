import type { DemoRun } from './run';

/** The ways of serving. */
export type PathName = 'function' | 'service' | 'fleet';

/** What a stack of bin/app.ts prints when it is deployed; each path adds outputs of its own. */
export interface StackOutputs {
  readonly [name: string]: string;
  readonly ArtifactBucket: string;
  readonly ManifestKey: string;
  readonly ReportKey: string;
  readonly Summary: string;
}

/** What HTTP answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A deployed model that answers TensorFlow Serving's REST API. */
export interface Server {
  /** Sends one request, `/v1/models/<name>:predict` for example, and gives the answer whatever its status. */
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /** What a reader types in another terminal to talk to it while the demo keeps it running. */
  readonly hints: string[];
  /** Facts of this path worth a line each: which pods run, which instance answered. */
  readonly facts?: string[];
  /** Ends what `connect` began on this machine; what was deployed ends with the embedded AWS. */
  close?(): Promise<void>;
}

/** One way of serving, as the demo shows it. */
export interface DemoPath {
  readonly name: PathName;
  /** Its stack in bin/app.ts. */
  readonly stack: string;
  /** Who answers, in two or three words for a heading. */
  readonly title: string;
  /** A change of the endpoint alone, deployed to show that the published model is reused. Absent where that would show nothing. */
  readonly change?: { readonly title: string; readonly context: Record<string, string> };
  /** Why this machine cannot show it, and what to do about it. */
  unavailable?(): string | undefined;
  /** What its stack wants to know besides the model, as the CDK's context. May make files in `run.work`. */
  context?(run: DemoRun): Record<string, string>;
  /** Waits until the model answers. */
  connect(run: DemoRun, outputs: StackOutputs): Promise<Server>;
}
