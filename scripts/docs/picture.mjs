// `npm run docs -- picture`: takes the picture of README.md and docs/open.md from the page itself, in Chromium, before the LiteRT server of this clone.
import { join } from 'node:path';
import { bundledCommand } from '../browser/bundled-command.mjs';
import { installDriver, launchChromium } from '../browser/chromium.mjs';
import { startDigitsServer } from '../browser/digits-server.mjs';
import { draw, TWO } from '../browser/drawing.mjs';
import { root } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';

const PICTURE = join(root, 'docs', 'images', 'open.png');
/** Port of a server's REST interface, so that the picture changes only with the page. */
const PORT = 8501;

await setUp({ programs: ['model_server'] });
await installDriver();
const [server, command, browser] = [await startDigitsServer(PORT), bundledCommand(), await launchChromium()];
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 }, colorScheme: 'light' });
  await page.goto(await command.open(`${server.url}/v1/models/digits`), { waitUntil: 'networkidle' });
  await draw(page, TWO);
  // The first answer takes longer than the others: connections are opened, and the page's own code is compiled.
  for (let time = 0; time < 10; time += 1) {
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.waitForSelector('#answer:not([aria-busy]) .bars');
  }
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  const { y, height } = await page.locator('.columns').boundingBox();
  await page.screenshot({ path: PICTURE, clip: { x: 0, y: 0, width: 1000, height: Math.ceil(y + height + 16) } });
} finally {
  command.close();
  await Promise.all([browser.close(), server.close()]);
}
