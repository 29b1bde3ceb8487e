interface Check {
  readonly promise: string;
  readonly held: boolean;
  readonly detail: string;
}

interface Part {
  readonly name: string;
  /** Possible causes of a failed check of this part. */
  readonly means: string;
  readonly checks: Check[];
}

/** Maximum length of a check's detail in the report. */
const LONGEST_DETAIL = 400;

/** Counts, prints and reports the results of checks. */
export class Checks {
  private readonly parts: Part[] = [{ name: '', means: '', checks: [] }];

  constructor(private readonly write: (line: string) => void = (line) => process.stdout.write(`${line}\n`)) {}

  /** Begins a part of the report. */
  public begin(name: string, means: string): void {
    this.parts.push({ name, means, checks: [] });
  }

  public expect(promise: string, held: boolean, detail = ''): boolean {
    this.write(`  ${held ? '✓' : '✗'} ${promise}${detail ? `: ${detail}` : ''}`);
    this.parts.at(-1)!.checks.push({ promise, held, detail });
    return held;
  }

  public get failed(): number {
    return this.all.filter(({ held }) => !held).length;
  }

  /** `N passed, N failed`. */
  public get tally(): string {
    return `${this.all.length - this.failed} passed, ${this.failed} failed`;
  }

  /** Markdown for an issue: every part, its checks, and what one that failed may mean. */
  public report(title: string): string {
    const line = ({ promise, held, detail }: Check) => `- ${held ? '✓' : '✗'} ${promise}${detail ? `: ${oneLine(detail)}` : ''}`;
    const parts = this.parts.filter(({ checks }) => checks.length > 0).map(({ name, means, checks }) => [
      ...name ? [`### ${name}`] : [], ...checks.map(line), ...means && checks.some(({ held }) => !held) ? ['', means] : [],
    ].join('\n'));
    return [`## ${title}`, ...parts, this.tally].join('\n\n');
  }

  private get all(): Check[] {
    return this.parts.flatMap(({ checks }) => checks);
  }
}

/** The end of a text, where tools say what failed, without the account's number. */
function oneLine(text: string): string {
  return text.replaceAll(/\b\d{12}\b/g, '<account>').replaceAll(/\s+/g, ' ').trim().slice(-LONGEST_DETAIL);
}
