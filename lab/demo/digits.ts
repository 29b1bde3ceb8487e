import { readFileSync } from 'fs';
import { join } from 'path';
import { ROOT } from '../../scripts/repository';

/** The digits example. */
export const DIGITS = join(ROOT, 'examples', 'digits');

/** A digit that no training has seen. */
export interface Digit {
  readonly label: number;
  readonly image: number[][][];
}

export function heldOutDigits(): Digit[] {
  return JSON.parse(readFileSync(join(DIGITS, 'held_out.json'), 'utf8')) as Digit[];
}

/** Returns the class with the greatest score. */
export function likeliest(scores: readonly number[]): number {
  return scores.indexOf(Math.max(...scores));
}
