/** Rows of the requests, in turn: of twelve, eight have one row, three have 8, and one has 64. */
const ROWS = [1, 1, 8, 1, 1, 8, 1, 1, 8, 1, 1, 64];
/** Distance between the first rows of two requests: prime, so that each size gets each digit. */
const FIRST_ROW_DISTANCE = 7;

/**
 * Returns the digits that a request asks about, by their index.
 *
 * @param turn number of the request, from 0
 * @param digits how many there are
 */
export function digitsOf(turn: number, digits: number): number[] {
  return Array.from({ length: ROWS[turn % ROWS.length] }, (_, row) => (turn * FIRST_ROW_DISTANCE + row) % digits);
}
