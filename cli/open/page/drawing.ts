import type { Image } from './image';

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
  /** True to fit the drawing as the images of MNIST are fitted. */
  readonly centered: boolean;
}

/** Half of the pen's width, as a share of the image's smaller side. */
const PEN = 0.045;
/** MNIST's digits fill 20 of 28 pixels, and their center of mass is in the middle. */
const FILLED = 20 / 28;

/** Returns a drawing as a light line on a dark image. */
export function imageOf(strokes: readonly Stroke[], { height, width, channels, centered }: Drawn): Image {
  const lines = (centered ? fitted(strokes, { height, width }) : strokes).flatMap(segmentsOf);
  const radius = PEN * Math.min(height, width);
  const distances = new Float64Array(height * width).fill(Infinity);
  for (const [start, end] of lines) {
    // In sides of a pixel, so that a wide image does not stretch the pen.
    const [from, to] = [start, end].map(({ x, y }) => ({ x: x * width, y: y * height }));
    const [left, top] = [Math.min(from.x, to.x) - radius - 1, Math.min(from.y, to.y) - radius - 1].map((least) => Math.max(0, Math.floor(least)));
    const right = Math.min(width, Math.max(from.x, to.x) + radius + 1);
    const bottom = Math.min(height, Math.max(from.y, to.y) + radius + 1);
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        const at = row * width + column;
        distances[at] = Math.min(distances[at], distance({ x: column + 0.5, y: row + 0.5 }, [from, to]));
      }
    }
  }
  // A pixel at the edge of a line is covered in part.
  const values = Array.from(distances, (each) => Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - each))));
  return { height, width, channels, values: channels === 1 ? values : values.flatMap((value) => [value, value, value]) };
}

/** Moves and scales strokes so that they fill the middle of an image, by their center of mass. */
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
  const middle = centerOf(strokes);
  return strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: (x - middle.x) * scale + 0.5, y: (y - middle.y) * scale + 0.5 })));
}

/** Returns the center of mass of lines: of their middles, each with its length as its weight. */
function centerOf(strokes: readonly Stroke[]): Point {
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

function distance({ x, y }: Point, [from, to]: readonly [Point, Point]): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length));
  return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
}
