/** Lines of a digit, as somebody draws it: points from 0 to 1, from the left and from the top. */
export const TWO = [[[0.3, 0.3], [0.38, 0.22], [0.5, 0.19], [0.62, 0.24], [0.66, 0.36], [0.58, 0.52], [0.44, 0.66], [0.32, 0.8], [0.5, 0.79], [0.72, 0.77]]];
export const SEVEN = [[[0.28, 0.22], [0.5, 0.21], [0.7, 0.22], [0.6, 0.45], [0.5, 0.66], [0.43, 0.85]]];

/** Draws lines on the pad by the mouse. */
export async function draw(page, lines) {
  const { x, y, width, height } = await page.locator('canvas.pad').boundingBox();
  for (const [first, ...rest] of lines) {
    await page.mouse.move(x + first[0] * width, y + first[1] * height);
    await page.mouse.down();
    for (const [left, top] of rest) {
      await page.mouse.move(x + left * width, y + top * height, { steps: 4 });
    }
    await page.mouse.up();
  }
}
