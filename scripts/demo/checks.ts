import type { DemoPath } from './path';

/** The least share of the held-out digits that must be right: the model decides 98 % of them well. */
const LEAST_RIGHT = 0.9;

/**
 * The paths that this machine can show.
 *
 * Those that it cannot are told to `leftOut`. Throws where none is left, or with `strict` where one is missing.
 */
export function showable(asked: readonly DemoPath[], strict: boolean, leftOut: (reason: string) => void): DemoPath[] {
  const known = asked.map((path) => ({ path, missing: path.unavailable?.() }));
  const reasons = known.flatMap(({ missing }) => missing ?? []);
  if (reasons.length === asked.length || (strict && reasons.length > 0)) {
    throw new Error(reasons.join('\n'));
  }
  reasons.forEach(leftOut);
  return known.filter(({ missing }) => missing === undefined).map(({ path }) => path);
}

/** Throws where a deployed model gets more of its own held-out digits wrong than it may. */
export function checkRight(right: number, asked: number): void {
  if (right < LEAST_RIGHT * asked) {
    throw new Error(`the deployed model must get at least ${LEAST_RIGHT * 100} % of the held-out digits right, and got ${right} of ${asked}`);
  }
}

/** Throws where a deployment that changed the endpoint alone has built the model again. */
export function checkReused(buildsBefore: number, buildsAfter: number): void {
  if (buildsAfter !== buildsBefore) {
    throw new Error(`the second deployment must reuse the published model, and started ${buildsAfter - buildsBefore} more builds`);
  }
}
