/** Returns the value of a typed cell. Throws a sentence, which begins with the name of the cell. */
export function valueOf(text: string, dtype: string, name: string): string | number | boolean {
  const trimmed = text.trim();
  if (dtype === 'string') {
    return text;
  }
  if (dtype === 'bool') {
    if (!/^(true|false|0|1)$/i.test(trimmed)) {
      throw new Error(`${name}: true or false is needed, got ${JSON.stringify(text)}`);
    }
    return /^(true|1)$/i.test(trimmed);
  }
  const value = Number(trimmed);
  if (trimmed === '' || !Number.isFinite(value)) {
    throw new Error(`${name}: a number is needed, got ${JSON.stringify(text)}`);
  }
  if (/int/.test(dtype) && !Number.isSafeInteger(value)) {
    throw new Error(`${name}: a whole number is needed, 2^53 at most on this page, got ${JSON.stringify(text)}`);
  }
  return value;
}

/** Returns the value of an input that is typed: one text as it is, JSON, or values one after the other. Throws a sentence. */
export function tensorOf(text: string, dtype: string, shape: readonly number[] | undefined, name: string): unknown {
  const trimmed = text.trim();
  if (shape?.length === 0) {
    return valueOf(text, dtype, name);
  }
  if (shape !== undefined && dtype === 'string' && shape.every((size) => size === 1)) {
    return shaped([text], shape);
  }
  if (/^[[{"]/.test(trimmed)) {
    try {
      return JSON.parse(trimmed) as unknown;
    } catch (error) {
      throw new Error(`${name}: it begins like JSON, and is none (${(error as Error).message})`);
    }
  }
  if (shape === undefined || shape.some((size) => size < 0) || dtype === 'string') {
    throw new Error(`${name}: a list in JSON is needed, such as [1, 2], because its shape does not say how many values there are`);
  }
  const words = trimmed === '' ? [] : trimmed.split(/[\s,;]+/).filter((word) => word !== '');
  const count = sizeOf(shape);
  if (words.length !== count) {
    throw new Error(`${name}: ${count} values are needed for the shape [${shape.join(', ')}], got ${words.length}`);
  }
  return shaped(words.map((word, index) => valueOf(word, dtype, `${name}, value ${index + 1}`)), shape);
}

/** Returns values as nested lists of a shape. */
export function shaped(values: ArrayLike<unknown>, shape: readonly number[]): unknown {
  const [size, ...rest] = shape;
  if (size === undefined) {
    return values[0];
  }
  const each = sizeOf(rest);
  return Array.from({ length: size }, (_, index) => shaped(Array.prototype.slice.call(values, index * each, (index + 1) * each), rest));
}

/** Returns the number of values that a shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
