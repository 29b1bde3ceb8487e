/** An input or output of a model, as LiteRT describes it. */
export interface TensorDetails {
  readonly name: string;
  readonly dtype: string;
  /** -1 where the file does not say the size. */
  readonly shape: readonly number[];
}

/** The types of numbers that a page can give, and the array of each. */
const ARRAYS = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array, bool: Uint8Array,
  int64: BigInt64Array, uint64: BigUint64Array,
};
type NumberType = keyof typeof ARRAYS;
export type NumberArray = InstanceType<(typeof ARRAYS)[NumberType]>;

/** Returns a tensor's type as text, such as `float32[1, 28, 28, 1]`. */
export function typeText({ dtype, shape }: Pick<TensorDetails, 'dtype' | 'shape'>): string {
  return `${dtype}[${shape.join(', ')}]`;
}

/** Returns why a model with these inputs cannot run in a page, one sentence each. */
export function inputProblems(inputs: readonly TensorDetails[]): string[] {
  return inputs.flatMap((input) => {
    if (input.shape.some((size) => size < 1)) {
      return [`The input ${input.name} has no fixed size (${typeText(input)}), which LiteRT in a browser needs: `
        + 'convert the model for one size, or let the optimizer do it, which publishes files of fixed size.'];
    }
    return input.dtype in ARRAYS ? [] : [`The input ${input.name} is ${typeText(input)}, and this page can give ${Object.keys(ARRAYS).join(', ')} only.`];
  });
}

/** Returns values for an input, each from `value`. */
export function filled({ dtype, shape }: TensorDetails, value: () => number): NumberArray {
  return arrayOf(dtype, Array.from({ length: count(shape) }, value));
}

/** Returns an input's values from nested lists. Throws a sentence if they are not of its shape. */
export function fromLists(input: TensorDetails, lists: unknown): NumberArray {
  const values: number[] = [];
  const visit = (part: unknown, shape: readonly number[]): void => {
    if (shape.length === 0) {
      if (typeof part !== 'number' && typeof part !== 'boolean') {
        throw new Error(`The input ${input.name} needs numbers, and one value is ${JSON.stringify(part)}.`);
      }
      values.push(Number(part));
    } else if (!Array.isArray(part) || part.length !== shape[0]) {
      const got = Array.isArray(part) ? `a list of ${part.length}` : JSON.stringify(part);
      throw new Error(`The input ${input.name} is ${typeText(input)}: a list of ${shape[0]} belongs where ${got} is.`);
    } else {
      part.forEach((each) => visit(each, shape.slice(1)));
    }
  };
  visit(lists, input.shape);
  return arrayOf(input.dtype, values);
}

/** Returns values as nested lists of a shape, as an answer of the REST API has them. */
export function toLists(values: ArrayLike<number | bigint>, shape: readonly number[]): unknown {
  const [size, ...rest] = shape;
  if (size === undefined) {
    return Number(values[0]);
  }
  const each = count(rest);
  return Array.from({ length: size }, (_, index) => toLists(Array.from({ length: each }, (__, offset) => values[index * each + offset]), rest));
}

/** Returns the index of the greatest value. */
export function likeliest(scores: ArrayLike<number>): number {
  return Array.from(scores).reduce((best, score, index) => (score > scores[best] ? index : best), 0);
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function arrayOf(dtype: string, values: number[]): NumberArray {
  if (dtype === 'int64' || dtype === 'uint64') {
    return ARRAYS[dtype].from(values.map((value) => BigInt(Math.trunc(value))));
  }
  return ARRAYS[dtype as Exclude<NumberType, 'int64' | 'uint64'>].from(values);
}
