import { ACTIONS, OPTIONS as DELIVERY } from '../delivery/options';
import { OPTIONS as OPEN } from '../open/options';
import { OPTIONS as OPENAPI } from '../openapi/options';
import OPTIMIZER from '../optimizer/commands.json';
import { OPTIONS as PREFLIGHT } from '../preflight/options';
import { OPTIONS as RECOMMEND } from '../recommend/options';
import type { DeploymentCommand } from '../summaries';
import { SUMMARIES } from '../summaries';
import { OPTIONS as COMPLETION, parseCompletionOptions, SHELLS, USAGE } from './options';
import type { Completed } from './scripts';
import { completionScript } from './scripts';

const PARSED: Record<DeploymentCommand, Omit<Completed, 'summary'>> = {
  preflight: { options: PREFLIGHT },
  delivery: { options: DELIVERY, words: ACTIONS },
  recommend: { options: RECOMMEND },
  open: { options: OPEN },
  openapi: { options: OPENAPI },
  completion: { options: COMPLETION, words: SHELLS },
};

/** Runs `cdk-tensorflow completion` and returns its exit code. Throws if the shell is not known. */
export async function completionCommand(args: string[]): Promise<number> {
  const shell = parseCompletionOptions(args);
  process.stdout.write(shell === undefined ? USAGE : completionScript(shell, completedCommands()));
  return 0;
}

/** Returns what is completed of every command, from the tables that its arguments are parsed by. */
export function completedCommands(): Record<string, Completed> {
  // --python is of this package: see optimizer/command.ts.
  const optimizers = Object.entries(OPTIMIZER).map(([name, { summary, options }]) => [name, { summary, options: { ...options, python: { type: 'string' } } }] as [string, Completed]);
  const others = Object.entries(PARSED).map(([name, parsed]) => [name, { summary: SUMMARIES[name as DeploymentCommand], ...parsed }] as [string, Completed]);
  return Object.fromEntries([...optimizers, ...others]);
}
