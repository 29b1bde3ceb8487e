import { Token } from 'aws-cdk-lib';
import type { FlagType, ServerFlag } from './server-flags';

export const MAX_INT32 = 2 ** 31 - 1;

/** A server whose flags are checked. */
export interface FlagTable {
  readonly program: string;
  /** Reaction of the program to a flag that it does not have. */
  readonly unknown: string;
  readonly flags: Readonly<Record<string, ServerFlag>>;
}

/** Returns the problems of one of `serverFlags`. */
export function flagProblems(table: FlagTable, name: string, value: unknown): string[] {
  const bare = name.replace(/^-+/, '');
  const flag: ServerFlag | undefined = Object.hasOwn(table.flags, bare) ? table.flags[bare] : undefined;
  const who = `serverFlags[${JSON.stringify(name)}]`;
  if (flag === undefined) {
    const near = nearest(bare, table);
    return [`${who} is no flag of ${table.program}, ${table.unknown}: ${near ? `did you mean ${near}?` : 'leave it out'}`];
  }
  if (bare !== name) {
    return [`${who} must be without hyphens in front: write ${JSON.stringify(bare)}`];
  }
  if (flag.decidedBy !== undefined) {
    return [`${who} must not be set: ${flag.decidedBy}`];
  }
  if (!Token.isUnresolved(value) && !fits(flag.type, String(value))) {
    return [`${who} must be ${describeType(flag.type)}, got ${JSON.stringify(value)}`];
  }
  return [];
}

function fits(type: FlagType, value: string): boolean {
  switch (type) {
    case 'bool': return value === 'true' || value === 'false';
    case 'int32': return /^-?\d+$/.test(value) && Math.abs(Number(value)) <= MAX_INT32;
    case 'int64': return /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value));
    case 'float': return /^-?\d+(\.\d+)?$/.test(value);
    case 'string': return !/[\n\r\0]/.test(value);
  }
}

function describeType(type: FlagType): string {
  const descriptions: Record<FlagType, string> = {
    bool: 'true or false', int32: 'a whole number of 32 bits', int64: 'a whole number of 64 bits', float: 'a number', string: 'a text of one line',
  };
  return descriptions[type];
}

/** Returns the flag with the smallest edit distance, if it is small. */
function nearest(name: string, { flags }: FlagTable): string | undefined {
  const [best] = Object.keys(flags).map((flag) => ({ flag, distance: editDistance(name, flag) })).sort((a, b) => a.distance - b.distance);
  return best.distance <= 4 ? best.flag : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
