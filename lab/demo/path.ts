import type { PathName } from './path-name';
import type { DemoRun } from './run';
import type { DemoServer } from './server';
import type { StackOutputs } from './stack-outputs';

/** A path (one way of serving), as the demo shows it. */
export interface DemoPath {
  readonly name: PathName;
  /** Part of the names of files, unique among the paths. */
  readonly label: string;
  /** Server of the path: a stand-in plays TensorFlow Serving. */
  readonly server: 'LiteRT' | 'stand-in';
  /** Name of the path's stack in bin/app.ts. */
  readonly stack: string;
  /** Platform and server, for a heading. */
  readonly title: string;
  /** A change of the endpoint alone, deployed to show that the published model is reused. Undefined if that would show nothing. */
  readonly change?: { readonly title: string; readonly context: Record<string, string> };
  /** Returns why this machine cannot run the path, and what to do about it. */
  unavailable?(): string | undefined;
  /** Additional CDK context of the stack. May create files in `run.work`. */
  context?(run: DemoRun): Record<string, string>;
  /** Waits until the model answers. */
  connect(run: DemoRun, outputs: StackOutputs): Promise<DemoServer>;
}

/** Format of the models that a path serves, as the key of a manifest has it. */
export function formatOf({ server }: Pick<DemoPath, 'server'>): 'litert' | 'saved_model' {
  return server === 'LiteRT' ? 'litert' : 'saved_model';
}
