/**
 * Takes options of this package out of arguments whose grammar is the optimizer's. What follows `--` is no option.
 *
 * @param names of the options with a value, without hyphens; the last value counts, and a missing one is ""
 */
export function takeOptions<Name extends string>(args: string[], names: readonly Name[]): { values: Partial<Record<Name, string>>; rest: string[] } {
  const rest: string[] = [];
  const values: Partial<Record<Name, string>> = {};
  for (let index = 0; index < args.length; index += 1) {
    const [, given, equals, value] = /^--([^=]+)(=?)([^]*)$/.exec(args[index]) ?? [];
    const name = names.find((known) => known === given);
    if (args[index] === '--') {
      rest.push(...args.slice(index));
      break;
    }
    if (name === undefined) {
      rest.push(args[index]);
    } else if (equals) {
      values[name] = value;
    } else {
      index += 1;
      values[name] = args[index] ?? '';
    }
  }
  return { values, rest };
}
