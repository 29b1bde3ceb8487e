import type { DemoPath } from './path';

/** Share of the held-out digits that must be right; the model gets 98 % right. */
const LEAST_RIGHT = 0.9;

/**
 * Returns the paths that this machine can run, and reports the others to `leftOut`.
 *
 * Throws if none is left, or with `strict` if one is missing.
 */
export function showable(asked: readonly DemoPath[], strict: boolean, leftOut: (reason: string) => void): DemoPath[] {
  const known = asked.map((path) => ({ path, missing: path.unavailable?.() }));
  const reasons = known.flatMap(({ missing }) => missing ?? []);
  if (reasons.length === asked.length || (strict && reasons.length > 0)) {
    throw new Error([...new Set(reasons)].join('\n'));
  }
  [...new Set(reasons)].forEach(leftOut);
  return known.filter(({ missing }) => missing === undefined).map(({ path }) => path);
}

/** Throws if a deployed model gets too many held-out digits wrong. */
export function checkRight(right: number, asked: number): void {
  if (right < LEAST_RIGHT * asked) {
    throw new Error(`the deployed model must get at least ${LEAST_RIGHT * 100} % of the held-out digits right, and got ${right} of ${asked}`);
  }
}

/** Throws if changing only the endpoint has built the model again. */
export function checkReused(buildsBefore: number, buildsAfter: number): void {
  if (buildsAfter !== buildsBefore) {
    throw new Error(`the second deployment must reuse the published model, and started ${buildsAfter - buildsBefore} more builds`);
  }
}
