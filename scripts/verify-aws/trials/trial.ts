import type { Account } from '../account';
import type { Checks } from '../checks';

export interface Tools {
  readonly account: Account;
  readonly checks: Checks;
  readonly region: string;
}

/** One of the parts that no path has by itself. */
export interface Trial {
  readonly name: string;
  /** In the order of their deployment. */
  readonly stacks: readonly string[];
  /** Possible causes of a failed check. */
  readonly means: string;
  /** Why the embedded AWS cannot run it. */
  readonly onlyOnAws?: string;
  run(tools: Tools): Promise<void>;
}
