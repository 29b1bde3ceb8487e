import { UnscopedValidationError, ValidationError } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The CDK's type of an error code: a literal, so that codes can be found by a search. */
export type ErrorCode = ConstructorParameters<typeof ValidationError>[0];

/** Tag for an error code: lit`InvalidModelSource`. */
export function lit(strings: TemplateStringsArray): ErrorCode {
  return strings[0] as unknown as ErrorCode;
}

/** Throws one error with all distinct problems, or does nothing if there are none. */
export function failIfAny(code: ErrorCode, found: string[], scope?: IConstruct): void {
  const problems = [...new Set(found)];
  if (problems.length === 0) {
    return;
  }
  const message = problems.length === 1 ? problems[0] : `${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  throw scope ? new ValidationError(code, message, scope) : new UnscopedValidationError(code, message);
}
