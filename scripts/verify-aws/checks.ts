/** Counts and prints the results of checks. */
export class Checks {
  private passedCount = 0;
  private readonly failures: string[] = [];

  constructor(private readonly write: (line: string) => void = (line) => process.stdout.write(`${line}\n`)) {}

  public expect(promise: string, held: boolean, detail = ''): boolean {
    this.write(`  ${held ? '✓' : '✗'} ${promise}${detail ? `: ${detail}` : ''}`);
    if (held) {
      this.passedCount += 1;
    } else {
      this.failures.push(promise);
    }
    return held;
  }

  public get failed(): number {
    return this.failures.length;
  }

  /** `N passed, N failed`. */
  public get tally(): string {
    return `${this.passedCount} passed, ${this.failed} failed`;
  }
}
