import { Token } from 'aws-cdk-lib';

/** Every check returns the problems it found. Undefined values and tokens have none. */

/** Returns a value as a message shows it: JSON would write NaN and infinities as null. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value) ?? typeof value;
}

function isUnknown(value: unknown): boolean {
  return value === undefined || Token.isUnresolved(value);
}

/** Both limits are allowed values. `hint` says what to do instead. */
export function checkRange(property: string, value: number | undefined, minimum: number, maximum: number, hint?: string): string[] {
  if (isUnknown(value) || (value! >= minimum && value! <= maximum)) {
    return [];
  }
  return [`${property} must be between ${minimum} and ${maximum}, got ${shown(value)}${hint ? `: ${hint}` : ''}`];
}

/** Both limits are allowed values. */
export function checkInteger(property: string, value: number | undefined, minimum: number, maximum: number, hint?: string): string[] {
  if (!isUnknown(value) && !Number.isInteger(value)) {
    return [`${property} must be a whole number between ${minimum} and ${maximum}, got ${shown(value)}`];
  }
  return checkRange(property, value, minimum, maximum, hint);
}

/** `allowed` describes the pattern in words. */
export function checkPattern(property: string, value: string | undefined, pattern: RegExp, allowed: string): string[] {
  if (isUnknown(value) || pattern.test(value!)) {
    return [];
  }
  return [`${property} must be ${allowed}, got ${JSON.stringify(value)}`];
}

/** At most one of these properties may be given. */
export function checkExclusive(given: Record<string, unknown>, hint: string): string[] {
  const names = Object.entries(given).filter(([, value]) => value !== undefined).map(([name]) => name);
  return names.length > 1 ? [`${names.join(' and ')} exclude each other: ${hint}`] : [];
}
