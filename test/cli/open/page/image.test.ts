import type { Stroke } from '../../../../cli/open/page/drawing';
import { imageOf } from '../../../../cli/open/page/drawing';
import type { Image } from '../../../../cli/open/page/image';
import { fromCanvas, inverted, numbersOf, rangesOf, toCanvas } from '../../../../cli/open/page/image';

const SIZE = { height: 28, width: 28, channels: 1, centered: false } as const;
const at = ({ values, width }: Image, row: number, column: number) => values[row * width + column];

/** Rows and columns that a line touches, and the center of its light. */
function extentOf({ values, width, height }: Image) {
  const lit = Array.from(values, (value, index) => ({ value, row: Math.floor(index / width), column: index % width })).filter(({ value }) => value > 0);
  const mass = lit.reduce((sum, { value }) => sum + value, 0);
  return {
    height: Math.max(...lit.map(({ row }) => row)) - Math.min(...lit.map(({ row }) => row)) + 1,
    width: Math.max(...lit.map(({ column }) => column)) - Math.min(...lit.map(({ column }) => column)) + 1,
    row: lit.reduce((sum, { value, row }) => sum + value * (row + 0.5), 0) / mass / height,
    column: lit.reduce((sum, { value, column }) => sum + value * (column + 0.5), 0) / mass / width,
  };
}

describe('a drawing', () => {
  const line: Stroke = [{ x: 0.1, y: 0.5 }, { x: 0.4, y: 0.5 }];

  test('is light where the line is, dark elsewhere, and gray at its edge', () => {
    const image = imageOf([line], SIZE);
    expect(image.values).toHaveLength(784);
    expect(at(image, 13, 5)).toBe(255);
    expect(at(image, 13, 20)).toBe(0);
    expect(at(image, 5, 5)).toBe(0);
    const edges = Array.from(image.values).filter((value) => value > 0 && value < 255);
    expect(edges.length).toBeGreaterThan(5);
  });

  test('of nothing is dark, and a dot is a dot', () => {
    expect(Math.max(...Array.from(imageOf([], { ...SIZE, centered: true }).values))).toBe(0);
    const dot = extentOf(imageOf([[{ x: 0.9, y: 0.1 }]], { ...SIZE, centered: true }));
    expect(dot.height).toBeLessThanOrEqual(4);
    expect(dot.row).toBeCloseTo(0.5, 1);
  });

  test.each([
    ['a small one in a corner', [[{ x: 0.05, y: 0.05 }, { x: 0.15, y: 0.25 }]]],
    ['a large one', [[{ x: 0, y: 0 }, { x: 1, y: 1 }]]],
    ['a wide one', [[{ x: 0.1, y: 0.4 }, { x: 0.9, y: 0.45 }]]],
    ['one of two lines', [[{ x: 0.2, y: 0.2 }, { x: 0.2, y: 0.6 }], [{ x: 0.4, y: 0.2 }, { x: 0.4, y: 0.5 }]]],
  ])('fitted as MNIST fits its digits fills 20 of 28 pixels, with its center in the middle: %s', (_, strokes) => {
    const { height, width, row, column } = extentOf(imageOf(strokes, { ...SIZE, centered: true }));
    expect(Math.max(height, width)).toBeGreaterThanOrEqual(19);
    expect(Math.max(height, width)).toBeLessThanOrEqual(22);
    expect(row).toBeCloseTo(0.5, 1);
    expect(column).toBeCloseTo(0.5, 1);
  });

  test('is the same in each channel, and a wide image does not stretch the pen', () => {
    const image = imageOf([line], { ...SIZE, channels: 3, width: 56 });
    expect(image.values).toHaveLength(28 * 56 * 3);
    Array.from({ length: 28 * 56 }, (_, pixel) => [0, 1, 2].map((channel) => image.values[pixel * 3 + channel]))
      .forEach(([red, green, blue]) => expect([green, blue]).toEqual([red, red]));
    const middle = Array.from({ length: 28 }, (_, row) => image.values[(row * 56 + 12) * 3]);
    expect(middle.filter((value) => value === 255).length).toBe(2);
  });
});

describe('pixels', () => {
  const image: Image = { height: 1, width: 3, channels: 1, values: [0, 128, 255] };

  test('become the numbers that a model wants', () => {
    expect(numbersOf(image, '0 to 1', 'float32')).toEqual([0, 0.502, 1]);
    expect(numbersOf(image, '-1 to 1', 'float32')).toEqual([-1, 0.0039, 1]);
    expect(numbersOf(image, '0 to 255', 'uint8')).toEqual([0, 128, 255]);
    expect(rangesOf('uint8')).toEqual(['0 to 255']);
    expect(rangesOf('float32')[0]).toBe('0 to 1');
  });

  test('of a canvas are read as colors or as gray, and what is transparent as white', () => {
    const canvas = { height: 1, width: 3, data: [255, 0, 0, 255, 10, 20, 30, 0, 0, 0, 0, 127.5] };
    expect(fromCanvas(canvas, 3)).toEqual({ height: 1, width: 3, channels: 3, values: [255, 0, 0, 255, 255, 255, 128, 128, 128] });
    expect(fromCanvas(canvas, 1).values).toEqual([76, 255, 128]);
  });

  test('go back to a canvas as they are', () => {
    expect([...toCanvas(image)]).toEqual([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
    expect([...toCanvas({ height: 1, width: 1, channels: 3, values: [1, 2, 3] })]).toEqual([1, 2, 3, 255]);
    expect(inverted(image).values).toEqual([255, 127, 0]);
  });
});
