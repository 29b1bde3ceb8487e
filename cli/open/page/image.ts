/** A gray or colored image: values from 0 to 255, row by row, with the channels of a pixel side by side. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly values: ArrayLike<number>;
}

/** The numbers that models want for the pixels 0 to 255. */
export const RANGES = {
  '0 to 1': (pixel: number) => pixel / 255,
  '-1 to 1': (pixel: number) => pixel / 127.5 - 1,
  '0 to 255': (pixel: number) => pixel,
} as const;
export type Range = keyof typeof RANGES;

/** Returns the ranges that a type can have, the most usual one first. */
export function rangesOf(dtype: string): Range[] {
  return /^u?int/.test(dtype) ? ['0 to 255'] : ['0 to 1', '-1 to 1', '0 to 255'];
}

/** Returns the numbers for a model, with four decimals at most, which is finer than the steps of a pixel. */
export function numbersOf({ values }: Image, range: Range, dtype: string): number[] {
  const number = RANGES[range];
  return Array.from(values, (pixel) => (/^u?int/.test(dtype) ? Math.round(number(pixel)) : Math.round(number(pixel) * 10_000) / 10_000));
}

/** Pixels as a canvas has them: red, green, blue and opacity. */
interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly data: ArrayLike<number>;
}

/** Reads the pixels of a canvas. What is transparent is white. */
export function fromCanvas({ height, width, data }: Pixels, channels: 1 | 3): Image {
  const values: number[] = [];
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue] = [0, 1, 2].map((channel) => 255 + (data[at + channel] - 255) * (data[at + 3] / 255));
    values.push(...channels === 3 ? [red, green, blue].map(Math.round) : [Math.round(0.299 * red + 0.587 * green + 0.114 * blue)]);
  }
  return { height, width, channels, values };
}

/** Returns the pixels for a canvas. */
export function toCanvas({ height, width, channels, values }: Image): Uint8ClampedArray {
  const data = new Uint8ClampedArray(height * width * 4).fill(255);
  for (let pixel = 0; pixel < height * width; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      data[pixel * 4 + channel] = values[pixel * channels + (channels === 3 ? channel : 0)];
    }
  }
  return data;
}

/** Returns an image with dark and light exchanged. */
export function inverted(image: Image): Image {
  return { ...image, values: Array.from(image.values, (value) => 255 - value) };
}
