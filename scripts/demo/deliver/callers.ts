import type { Digit } from '../digits';

/** Pause of a client between two requests. */
const PAUSE_MILLISECONDS = 200;

/** Answers that callers have got since they began. */
export interface Calls {
  readonly requests: number;
  readonly failed: number;
  /** How the first failed request failed. */
  readonly failure?: string;
}

/** Clients that ask for one prediction after another until they are stopped, and count what fails. */
export class Callers {
  private requests = 0;
  private failed = 0;
  private failure?: string;
  private stopping = false;

  /** Resolves once all clients have ended. */
  public readonly ended: Promise<unknown>;

  /**
   * @param ask predicts one digit; rejects unless it is answered
   * @param count number of clients
   */
  constructor(digits: readonly Digit[], private readonly ask: (digit: Digit) => Promise<unknown>, count = 2) {
    this.ended = Promise.all(Array.from({ length: count }, (_, client) => this.call(digits, client)));
  }

  public get calls(): Calls {
    return { requests: this.requests, failed: this.failed, failure: this.failure };
  }

  /** Ends the clients, and returns what they have got. */
  public async stop(): Promise<Calls> {
    this.stopping = true;
    await this.ended;
    return this.calls;
  }

  private async call(digits: readonly Digit[], first: number): Promise<void> {
    for (let next = first; !this.stopping; next += 1) {
      this.requests += 1;
      try {
        await this.ask(digits[next % digits.length]);
      } catch (error) {
        this.failed += 1;
        this.failure ??= error instanceof Error ? error.message : String(error);
      }
      await new Promise((done) => setTimeout(done, PAUSE_MILLISECONDS));
    }
  }
}
