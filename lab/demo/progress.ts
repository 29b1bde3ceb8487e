/** Prints the current step, its duration, and news in the meantime. */
export class Progress {
  /** Seconds by step. */
  public readonly steps: Record<string, number> = {};
  private readonly started = Date.now();
  private readonly terminal = process.stdout.isTTY === true;
  private current = '';
  private detail = '';
  private resources = 0;

  /** Seconds since the beginning. */
  public get seconds(): number {
    return (Date.now() - this.started) / 1000;
  }

  public async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const started = Date.now();
    this.current = title;
    this.detail = '';
    this.resources = 0;
    process.stdout.write(`▸ ${title}${this.terminal ? '' : '\n'}`);
    const tick = setInterval(() => this.draw(started), 1000);
    try {
      const result = await work();
      this.steps[title] = (Date.now() - started) / 1000;
      this.line(`✓ ${title} (${this.steps[title].toFixed(1)} s)`);
      return result;
    } catch (error) {
      this.line(`✗ ${title}`);
      throw error;
    } finally {
      clearInterval(tick);
    }
  }

  public note(text: string): void {
    this.detail = text;
    if (!this.terminal) {
      process.stdout.write(`    ${text}\n`);
    }
  }

  /** Counts a resource as finished. */
  public count(type: string, failed: boolean): void {
    this.resources += 1;
    if (failed) {
      this.line(`    ${type} failed`);
    }
  }

  private draw(started: number): void {
    if (this.terminal) {
      const parts = [`${((Date.now() - started) / 1000).toFixed(0)} s`, this.resources ? `${this.resources} resources` : '', this.detail];
      process.stdout.write(`\r\x1b[2K▸ ${this.current}: ${parts.filter(Boolean).join(', ')}`);
    }
  }

  private line(text: string): void {
    process.stdout.write(this.terminal ? `\r\x1b[2K${text}\n` : `${text}\n`);
  }
}
