import { Duration, Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as fc from 'fast-check';

/** Makes a value, for which some need a scope. */
export type Maker<T> = (scope: Construct) => T;

/** An arbitrary for each property of an interface: the compiler asks for those that are missing. */
export type Arbitraries<Props> = { [Name in keyof Props]-?: fc.Arbitrary<Maker<Props[Name]>> };

const values = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Maker<T>> => arbitrary.map((value) => () => value);

/** One of some values, each made where it is needed. */
export const oneOf = <T>(...makers: Maker<T>[]): fc.Arbitrary<Maker<T>> => fc.constantFrom(...makers);

const EDGES = ['', ' ', 'a', 'A', '-a', 'a-', 'a.b', 'a/b', '../a', '/a', 'a\nb', 'ä', '"', '\'', '$(a)', '{{a}}', '\0', 'x'.repeat(64), 'x'.repeat(300), '0', 'true'];
const text = fc.oneof(fc.constantFrom(...EDGES), fc.string({ unit: 'binary', maxLength: 70 }), fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/));
const number = fc.oneof(
  fc.integer({ min: 0, max: 12 }),
  fc.constantFrom(-1, 0.5, 0.9, 1.5, 80, 443, 8500, 8501, 65_535, 65_536, 1e9, 2 ** 53, 1e300, -0, NaN, Infinity, -Infinity),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

export const flag = values(fc.boolean());
export const texts = values(text);
export const numbers = values(number);
export const listOfTexts = values(fc.array(text, { maxLength: 4 }));
export const listOfNumbers = values(fc.array(number, { maxLength: 4 }));
export const map = values(fc.dictionary(text, text, { maxKeys: 3 }));
export const anything = values(fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>, { maxKeys: 3 }));
export const listOfAnything = values(fc.array(fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>, { maxKeys: 3 }), { maxLength: 2 }));

export const durations = values(fc.oneof(
  fc.constantFrom(Duration.millis(0), Duration.millis(1), Duration.millis(1500), Duration.days(400)),
  fc.integer({ min: 0, max: 7200 }).map((seconds) => Duration.seconds(seconds)),
));
export const sizes = values(fc.oneof(
  fc.constantFrom(Size.bytes(1), Size.kibibytes(1), Size.mebibytes(0), Size.gibibytes(1), Size.pebibytes(1)),
  fc.integer({ min: 1, max: 12_000 }).map((mebibytes) => Size.mebibytes(mebibytes)),
));

/** A member of a TypeScript enumeration. */
export const memberOf = <T extends string | number>(enumeration: Record<string, T | string>): fc.Arbitrary<Maker<T>> =>
  values(fc.constantFrom(...Object.entries(enumeration).filter(([name]) => Number.isNaN(Number(name))).map(([, value]) => value as T)));

/** One to four properties of an interface with arbitrary values. */
export function some<Props extends object>(arbitraries: Arbitraries<Props>): fc.Arbitrary<Partial<{ [Name in keyof Props]: Maker<Props[Name]> }>> {
  const names = Object.keys(arbitraries) as (keyof Props)[];
  return fc.subarray(names, { minLength: 1, maxLength: 4 }).chain((chosen) =>
    fc.record(Object.fromEntries(chosen.map((name) => [name, arbitraries[name]])) as never) as never);
}
