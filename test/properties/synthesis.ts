import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { App, Errors, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import * as fc from 'fast-check';
import type { Arbitraries, Maker } from './arbitraries';
import { some } from './arbitraries';

/** Number of combinations that a run tries. A larger one, and another seed, find more: FAST_CHECK_RUNS=2000 FAST_CHECK_SEED=7. */
const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 40);
const SEED = Number(process.env.FAST_CHECK_SEED ?? 1);

function makeAll<Props>(makers: Partial<{ [Name in keyof Props]: Maker<Props[Name]> }>, stack: Stack): Partial<Props> {
  return Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, (make as Maker<unknown>)(new Construct(stack, `For-${name}`))])) as Partial<Props>;
}

/** The codes of this library's own errors, each of which says what to give instead. */
const OWN_CODES = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .flatMap((name) => [...readFileSync(join('lib', name), 'utf8').matchAll(/\blit`(\w+)`/g)].map(([, code]) => code));

/** The codes of errors of the CDK's own that say as much: of subnets that a VPC lacks, and of a region without an image. */
const CDK_CODES = ['ThereSubnetGroups', 'ThereSubnetGroupsName', 'UnableToUnableFindMap'];

/** Tells whether an error is one of those, or one of the CDK's that names a property. */
function isAnswer({ name: code, message }: Error, names: string[]): boolean {
  return [...OWN_CODES, ...CDK_CODES].includes(code) || names.some((name) => message.includes(name));
}

/**
 * Fails unless each combination of properties either has a template, or ends in a validation error that says what is wrong with them.
 *
 * @param arbitraries of the properties
 * @param define defines a construct with some of them
 */
export function expectTemplateOrValidationError<Props extends object>(
  arbitraries: Arbitraries<Props>, define: (stack: Stack, props: Partial<Props>) => void,
): void {
  fc.assert(fc.property(some(arbitraries), (makers) => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env: { account: '123456789012', region: 'us-east-1' } });
    const props = makeAll<Props>(makers as never, stack);
    try {
      define(stack, props);
      Template.fromStack(stack);
    } catch (error) {
      if (!Errors.isValidationError(error) || !isAnswer(error, Object.keys(props))) {
        throw error;
      }
    }
  }), { numRuns: RUNS, seed: SEED });
}
