import { UnscopedValidationError, ValidationError } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The type that the CDK wants an error's code to have: a literal, so that codes can be found by searching for them. */
export type ErrorCode = ConstructorParameters<typeof ValidationError>[0];

/** Tag for an error code: lit`InvalidModelSource`. */
export function lit(strings: TemplateStringsArray): ErrorCode {
  return strings[0] as unknown as ErrorCode;
}

/** Throws one error that names every problem, each once, or does nothing when there are none. */
export function failIfAny(code: ErrorCode, found: string[], scope?: IConstruct): void {
  const problems = [...new Set(found)];
  if (problems.length === 0) {
    return;
  }
  const message = problems.length === 1 ? problems[0] : `${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  throw scope ? new ValidationError(code, message, scope) : new UnscopedValidationError(code, message);
}
