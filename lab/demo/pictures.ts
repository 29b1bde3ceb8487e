const HALF_BLOCKS = [' ', '▄', '▀', '█'];
const THRESHOLD = 0.35;

/** Draws a 28 × 28 × 1 image as seven lines of fourteen characters, each with two pixels of a halved image. */
export function digitPicture(image: number[][][]): string[] {
  const lit = (row: number, column: number) =>
    Math.max(...[0, 1].flatMap((dy) => [0, 1].map((dx) => image[row * 2 + dy][column * 2 + dx][0]))) > THRESHOLD ? 1 : 0;
  return Array.from({ length: 7 }, (_, line) =>
    Array.from({ length: 14 }, (__, column) => HALF_BLOCKS[lit(line * 2, column) * 2 + lit(line * 2 + 1, column)]).join(''));
}

/** Joins pictures side by side, with captions below. */
export function pictureRow(pictures: string[][], captions: string[]): string {
  const lines = pictures[0].map((_, line) => pictures.map((picture) => picture[line]).join(' '));
  return [...lines, captions.map((caption) => caption.padStart(9).padEnd(14)).join(' ')].join('\n');
}
