import { parseArgs } from 'util';
import type { Wanted } from './offer';

export interface RecommendOptions extends Wanted {
  readonly artifact: string;
  readonly prices?: string;
  readonly json: boolean;
}

export const USAGE = `Usage: cdk-tensorflow recommend ARTIFACT --rate N --p99 TIME [options]

Says for each path what to deploy, how fast it answers and what it costs a month, from what the optimization job measured.
It asks no account. ARTIFACT is a version's manifest.json, or a directory that has it, such as the optimizer's --out.

  --rate N                requests a second with one instance each, at all times
  --p99 TIME              the time within which 99 of 100 requests are answered: 100ms, 0.1s
  --processor-factor N    time that AWS's processor takes for what the job's took 1 for; 1 when absent
  --prices FILE           prices of your own: JSON with any members of "prices" that --json prints
  --json                  print {"measured", "wanted", "prices", "offers", "refusals", "cheapest"}
  --help                  this text

Exit code: 0 if a path serves as wanted, 1 if none does, 2 if the options are wrong or the artifact has no figures.
`;

/** The options, as `parseArgs` and the completion of shells read them. */
export const OPTIONS = {
  'rate': { type: 'string' },
  'p99': { type: 'string' },
  'processor-factor': { type: 'string', default: '1' },
  'prices': { type: 'string' },
  'json': { type: 'boolean', default: false },
  'help': { type: 'boolean', default: false },
} as const;

/** Returns the options, or undefined if the help is wanted. Throws with all problems. */
export function parseRecommendOptions(args: string[]): RecommendOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: OPTIONS,
  });
  if (values.help) {
    return undefined;
  }
  const [artifact, ...more] = positionals;
  const [rate, p99, processorFactor] = [number(values.rate), milliseconds(values.p99), number(values['processor-factor'])];
  const got = (value: string | undefined) => (value === undefined ? 'none' : JSON.stringify(value));
  const problems = [
    ...artifact === undefined ? ['name the ARTIFACT: a manifest.json, or a directory that has one'] : [],
    ...more.length > 0 ? [`one ARTIFACT is allowed, got also ${more.join(', ')}`] : [],
    ...rate === undefined || rate > 1_000_000 ? [`--rate must be requests a second, above 0 and at most 1,000,000, got ${got(values.rate)}`] : [],
    ...p99 === undefined ? [`--p99 must be a time such as 100ms or 0.1s, got ${got(values.p99)}`] : [],
    ...processorFactor === undefined ? [`--processor-factor must be a number above 0, got ${got(values['processor-factor'])}`] : [],
    ...values.prices === '' ? ['--prices must be a file, got ""'] : [],
  ];
  if (problems.length > 0 || artifact === undefined || rate === undefined || p99 === undefined || processorFactor === undefined) {
    throw new Error(problems.join('\n'));
  }
  return { artifact, rate, p99, processorFactor, prices: values.prices, json: values.json };
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d*\.?\d+$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function milliseconds(text: string | undefined): number | undefined {
  const [, amount, unit] = /^([\d.]+)(ms|s)$/.exec(text ?? '') ?? [];
  const value = number(amount);
  return value === undefined ? undefined : value * (unit === 's' ? 1000 : 1);
}
