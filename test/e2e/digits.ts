import { readFileSync } from 'fs';

/** Digits that no optimization has seen. */
export const HELD_OUT = JSON.parse(readFileSync('examples/digits/held_out.json', 'utf8')) as { image: number[][][]; label: number }[];

/** The digit that has the highest score. */
export function likeliest(scores: number[]): number {
  return scores.indexOf(Math.max(...scores));
}

/** The share of right decisions, one for each held-out digit. */
export function accuracy(decided: number[]): number {
  return HELD_OUT.filter(({ label }, index) => decided[index] === label).length / HELD_OUT.length;
}
