import type { RecordableHistogram } from 'perf_hooks';
import { createHistogram, performance } from 'perf_hooks';

/** Clients that send at the same time. */
export const CLIENTS = 4;
const SHOWN_FAILURES = 3;

/** Answers that clients have got in one phase. */
export class Phase {
  public requests = 0;
  public failed = 0;
  /** Reasons of the first failed requests. */
  public readonly failures: string[] = [];
  /** Durations of the answered requests, in microseconds. */
  public readonly latency: RecordableHistogram = createHistogram();

  constructor(public readonly title: string) {}

  public fail(reason: string): void {
    this.failed += 1;
    if (this.failures.length < SHOWN_FAILURES && !this.failures.includes(reason)) {
      this.failures.push(reason);
    }
  }
}

/** Duration and speed of the clients' requests. */
export interface Sending {
  /** Tells whether they end; asked before each request. */
  over(): boolean;
  /** Pause of a client between two requests. @default 0 */
  readonly pauseMilliseconds?: number;
}

/** Clients that take turns: no two send the same request. */
export class Clients<T> {
  private turn = 0;

  /** @param ask sends a request by its number, and returns its answer; rejects unless it is answered */
  constructor(private readonly ask: (turn: number) => Promise<T>) {}

  /**
   * Sends until it is over, and returns once every request has ended.
   *
   * @param judge returns what is wrong with an answer
   */
  public async send(phase: Phase, { over, pauseMilliseconds }: Sending, judge: (turn: number, answer: T) => string | undefined): Promise<void> {
    const client = async () => {
      while (!over()) {
        const turn = this.turn++;
        phase.requests += 1;
        const started = performance.now();
        try {
          const answer = await this.ask(turn);
          phase.latency.record(Math.max(1, Math.round((performance.now() - started) * 1000)));
          const problem = judge(turn, answer);
          if (problem !== undefined) {
            phase.fail(problem);
          }
        } catch (error) {
          phase.fail(error instanceof Error ? error.message : String(error));
        }
        if (pauseMilliseconds) {
          await new Promise((done) => setTimeout(done, pauseMilliseconds));
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  /** Sends as many requests as are missing to a number. */
  public fill(phase: Phase, requests: number, judge: (turn: number, answer: T) => string | undefined): Promise<void> {
    return this.send(phase, { over: () => phase.requests >= requests }, judge);
  }
}
