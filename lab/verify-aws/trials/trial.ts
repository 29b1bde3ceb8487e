import type { ModelServer } from '../../../lib';
import type { Account } from '../account';
import type { Checks } from '../checks';

export interface Tools {
  readonly account: Account;
  readonly checks: Checks;
  readonly region: string;
}

/** A part of the verification that belongs to no single path. */
export interface Trial {
  readonly name: string;
  /** Stacks, in the order of their deployment. */
  readonly stacks: readonly string[];
  /** Possible causes of a failed check. */
  readonly means: string;
  /** Reason why the embedded AWS cannot run it. */
  readonly onlyOnAws?: string;
  /** Server of pods and instances without which it tells nothing. */
  readonly needs?: ModelServer;
  /** Returns what is missing on this machine, before anything is deployed. */
  readonly missing?: () => string[];
  run(tools: Tools): Promise<void>;
}
