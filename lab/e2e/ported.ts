import { readFileSync } from 'fs';
import { join } from 'path';
import { compileFunction } from 'vm';
import type { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScriptTarget, transpile } from 'typescript';

const PAGE = join(__dirname, '..', '..', 'docs', 'porting.md');

/** The sections of docs/porting.md whose code is deployed. */
export const SECTIONS = {
  function: 'A Lambda function that answers `{"data": …}`',
  service: 'A Deployment of three with a claim',
  fleet: '`tensorflow_model_server` on a virtual machine',
};

/** Returns the code blocks of a language in a section of docs/porting.md, in their order. */
export function blocks(section: string, language: string): string[] {
  const text = readFileSync(PAGE, 'utf8').split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code);
  if (found.length === 0) {
    throw new Error(`docs/porting.md has no ${language} in a section "${section}"`);
  }
  return found;
}

/**
 * Runs the TypeScript of a section as the page has it, so that the page cannot show other code than what is deployed.
 *
 * @param stack What `this` is.
 * @param names What the code uses, and what it declares without a value.
 * @param placeholders Texts of the page that stand for something of the reader's account.
 */
export function addPorted(stack: Stack, section: string, names: Record<string, unknown>, placeholders: Record<string, string> = {}): void {
  const [code] = blocks(section, 'ts');
  const filled = Object.entries(placeholders).reduce((text, [placeholder, value]) => {
    if (!text.includes(placeholder)) {
      throw new Error(`docs/porting.md has no "${placeholder}" in "${section}"`);
    }
    return text.replaceAll(placeholder, value);
  }, code);
  compileFunction(transpile(filled, { target: ScriptTarget.ES2022 }), Object.keys(names)).apply(stack, Object.values(names));
}

/** Returns a construct's class that sets further properties: those of the test, which the page leaves at their defaults. */
export function preset<T extends new (...args: any[]) => Construct>(construct: T, properties: object): T {
  return class extends construct {
    constructor(...args: any[]) {
      super(args[0], args[1], { ...args[2], ...properties });
    }
  };
}
