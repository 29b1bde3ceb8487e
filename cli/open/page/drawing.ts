import type { Picture } from './picture';

/** A point of the pad: 0 to 1 from left to right, and from top to bottom. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The line that a pen has drawn without being lifted. */
export type Stroke = readonly Point[];

export interface Drawn {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** True to fit the drawing as the pictures of MNIST are fitted. */
  readonly centred: boolean;
}

/** Half of the pen's width, as a share of the picture's smaller side. */
const PEN = 0.045;
/** MNIST's digits fill 20 of 28 pixels, and their centre of mass is in the middle. */
const FILLED = 20 / 28;
/** Points of each pixel that are looked at, in each direction. */
const SAMPLES = 4;

/** Returns a drawing as a light line on a dark picture. */
export function pictureOf(strokes: readonly Stroke[], { height, width, channels, centred }: Drawn): Picture {
  const lines = (centred ? fitted(strokes, { height, width }) : strokes).flatMap(segmentsOf);
  // A wide pad is not stretched: both coordinates are in sides of a pixel.
  const placed = lines.map(([from, to]) => [{ x: from.x * width, y: from.y * height }, { x: to.x * width, y: to.y * height }] as const);
  const radius = PEN * Math.min(height, width);
  const values: number[] = [];
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const near = placed.filter((line) => distance({ x: column + 0.5, y: row + 0.5 }, line) < radius + 1);
      const value = near.length === 0 ? 0 : Math.round(255 * covered(row, column, near, radius));
      values.push(...Array<number>(channels).fill(value));
    }
  }
  return { height, width, channels, values };
}

/** Moves and scales strokes so that they fill the middle of a picture, by their centre of mass. */
function fitted(strokes: readonly Stroke[], { height, width }: { readonly height: number; readonly width: number }): Stroke[] {
  const points = strokes.flat();
  if (points.length === 0) {
    return [];
  }
  const [left, right, top, bottom] = [
    Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x)), Math.min(...points.map(({ y }) => y)), Math.max(...points.map(({ y }) => y)),
  ];
  const side = Math.max((right - left) * width, (bottom - top) * height) / Math.min(width, height);
  // The pen has a width, too. A dot stays a dot.
  const scale = side < 0.05 ? 1 : (FILLED - 2 * PEN) / side;
  const middle = centreOf(strokes);
  return strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: (x - middle.x) * scale + 0.5, y: (y - middle.y) * scale + 0.5 })));
}

/** Returns the centre of mass of lines: of their middles, each with its length as its weight. */
function centreOf(strokes: readonly Stroke[]): Point {
  const parts = strokes.flatMap(segmentsOf).map(([from, to]) => (
    { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2, weight: Math.hypot(to.x - from.x, to.y - from.y) + 1e-6 }));
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  return {
    x: parts.reduce((sum, { x, weight }) => sum + x * weight, 0) / total,
    y: parts.reduce((sum, { y, weight }) => sum + y * weight, 0) / total,
  };
}

/** A single point is a line without length. */
function segmentsOf(stroke: Stroke): (readonly [Point, Point])[] {
  return stroke.length === 1 ? [[stroke[0], stroke[0]]] : stroke.slice(1).map((to, index) => [stroke[index], to] as const);
}

/** Returns the share of a pixel that lines cover. */
function covered(row: number, column: number, lines: readonly (readonly [Point, Point])[], radius: number): number {
  let inside = 0;
  for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
    const point = { x: column + (sample % SAMPLES + 0.5) / SAMPLES, y: row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES };
    inside += lines.some((line) => distance(point, line) <= radius) ? 1 : 0;
  }
  return inside / (SAMPLES * SAMPLES);
}

function distance({ x, y }: Point, [from, to]: readonly [Point, Point]): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length));
  return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
}
