import type { PathName } from './path-name';
import type { DemoRun } from './run';
import type { Server } from './server';
import type { StackOutputs } from './stack-outputs';

/** One way of serving, as the demo shows it. */
export interface DemoPath {
  readonly name: PathName;
  /** Its stack in bin/app.ts. */
  readonly stack: string;
  /** Platform and server, for a heading. */
  readonly title: string;
  /** A change of the endpoint alone, deployed to show that the published model is reused. Absent where that would show nothing. */
  readonly change?: { readonly title: string; readonly context: Record<string, string> };
  /** Why this machine cannot show it, and what to do about it. */
  unavailable?(): string | undefined;
  /** CDK context of its stack, besides the model. May make files in `run.work`. */
  context?(run: DemoRun): Record<string, string>;
  /** Waits until the model answers. */
  connect(run: DemoRun, outputs: StackOutputs): Promise<Server>;
}
