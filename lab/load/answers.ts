/** Answers of a model to each digit, alone. */
export type Reference = readonly (readonly number[])[];

/** The greatest difference between a probability that is served and LiteRT's own. */
export const TOLERANCE = 1e-3;
/** The share of the digits that two models must answer differently. */
const LEAST_DIFFERENT = 0.5;

/** Returns whether predictions are those of a model, row by row. */
export function isAnswerOf(reference: Reference, digits: readonly number[], predictions: readonly (readonly number[])[]): boolean {
  return predictions.length === digits.length && digits.every((digit, row) => isClose(reference[digit], predictions[row]));
}

function isClose(expected: readonly number[], actual: readonly number[]): boolean {
  return actual.length === expected.length && expected.every((value, index) => Math.abs(value - actual[index]) <= TOLERANCE);
}

/** Throws if the answers of two models are so much alike that they do not show which one has answered. */
export function checkDifferent(first: Reference, other: Reference): void {
  const different = first.filter((expected, digit) => !isClose(expected, other[digit])).length;
  if (different < LEAST_DIFFERENT * first.length) {
    throw new Error(`the two models must answer at least ${LEAST_DIFFERENT * 100} % of the digits differently, and do so for ${different} of ${first.length}: `
      + 'the answers would not show which model served; train another one');
  }
}

/** Returns the predictions of an answer. Throws unless the request succeeded. */
export function predictionsOf({ status, body }: { status: number; body: string }): number[][] {
  if (status !== 200) {
    throw new Error(`the answer has the status ${status}: ${body.slice(0, 300)}`);
  }
  const { predictions } = JSON.parse(body) as { predictions?: number[][] };
  if (!Array.isArray(predictions)) {
    throw new Error(`the answer has no predictions: ${body.slice(0, 300)}`);
  }
  return predictions;
}
