// Tries a built site in Chromium, as `npm run docs -- --browser` does: each check is a sentence that holds for what a reader sees. Nothing but the
// site's own server is reached, and the content security policy is obeyed.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { browserChecks, ensure } from '../../scripts/browser/checks.mjs';
import { serveSite } from '../../scripts/docs/server.ts';

const [directory, base] = process.argv.slice(2);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODEL = `${ROOT}examples/digits/model.tflite`;
const UNKNOWN_SIZE = `${ROOT}test/docs/unknown-size.tflite`;
const MOST_TRANSFERRED = 3_000_000;
/** Messages of LiteRT on itself, and on the GPU that it does not use here. */
const LITERT_LOG = /^(INFO|WARNING): |GPU adapter|No available adapters/;

const { server, address } = await serveSite(directory, { base, port: 0 });
const checks = await browserChecks((url) => url.startsWith(address), LITERT_LOG);
const check = (promise, path, body) => checks.check(promise, `${address}${path}`, body);
const test = (name) => `[data-test=${name}]`;

await check('the first page shows what it is, the picture and the two commands', '', async (page) => {
  const text = await page.innerText('body');
  ['cdk-tensorflow', 'AWS CDK construct library', 'npm run demo', 'npm test'].forEach((part) => ensure(text.includes(part), `${part} is missing`));
  ensure(await page.evaluate(() => [...document.querySelectorAll('.vp-doc img')].every((image) => image.naturalWidth > 0) && document.querySelector('.vp-doc img')), 'no picture is shown');
});

await check('the search finds a construct without a server', '', async (page) => {
  await page.click('#local-search button');
  await page.fill('.search-input', 'minReplicas');
  await page.click('.result >> nth=0');
  await page.waitForURL(/\/api\/|\/guides\//);
  ensure((await page.innerText('.vp-doc')).includes('minReplicas'), 'the first result does not have the word');
});

await check('pages are dark or light, as the reader chooses', '', async (page) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await background();
  await page.click('.VPSwitchAppearance >> visible=true');
  await page.waitForFunction((color) => getComputedStyle(document.body).backgroundColor !== color, before);
});

await check('links of the first page lead to pages of the site', '', async (page) => {
  const links = await page.$$eval('.vp-doc a[href]', (anchors) => anchors.map((anchor) => anchor.href));
  const own = links.filter((link) => link.startsWith(address));
  ensure(own.length > 10, `only ${own.length} links`);
  for (const link of new Set(own.map((each) => each.split('#')[0]))) {
    const answer = await page.request.get(link);
    ensure(answer.status() === 200, `${link}: ${answer.status()}`);
  }
});

await check('the digits are predicted in the browser, and little is transferred', 'try', async (page, context) => {
  const session = await context.newCDPSession(page);
  let transferred = 0;
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (transferred += encodedDataLength));
  // All of it again, the page too, which was loaded before anybody counted.
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await page.reload({ waitUntil: 'networkidle' });
  const started = Date.now();
  await page.click(test('run'));
  await page.waitForSelector(test('prediction'));
  const seconds = (Date.now() - started) / 1000;
  const figures = await page.innerText(test('figures'));
  ensure(/^20 of 20 are right/.test(figures), figures);
  ensure(transferred <= MOST_TRANSFERRED, `${transferred} bytes were transferred, at most ${MOST_TRANSFERRED} may be`);
  return `the first after ${seconds.toFixed(1)} s, ${(transferred / 1e6).toFixed(2)} MB for page and model. ${figures}`;
});

await check("a file of the reader's own answers", 'try', async (page) => {
  await page.setInputFiles(test('file'), MODEL);
  await page.waitForSelector(test('description'));
  ensure((await page.innerText(test('description'))).includes('float32[1, 28, 28, 1]'), 'its input is not described');
  const answer = async () => {
    await page.click(test('run-own'));
    await page.waitForSelector(test('answer'));
    return Object.values(JSON.parse((await page.innerText(test('answer'))).split('\n')[0]).outputs)[0][0];
  };
  const scores = await answer();
  ensure(scores.length === 10 && Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 0.01, `its answer is ${JSON.stringify(scores)}`);
  const [{ label, image }] = JSON.parse(readFileSync(`${ROOT}examples/digits/held_out.json`, 'utf8'));
  await page.selectOption(test('values'), 'json');
  const [name] = Object.keys(JSON.parse(await page.inputValue(test('json'))).inputs);
  await page.fill(test('json'), JSON.stringify({ inputs: { [name]: [image] } }));
  const decided = await answer();
  ensure(decided.indexOf(Math.max(...decided)) === label, `a ${label} is answered with ${JSON.stringify(decided)}`);
});

await check('a file whose input has no fixed size gets one sentence', 'try', async (page) => {
  await page.setInputFiles(test('file'), UNKNOWN_SIZE);
  await page.waitForSelector(test('problem'));
  const sentence = await page.innerText(test('problem'));
  ensure(/^The input \S+ has no fixed size \(float32\[-1, 2\]\)/.test(sentence), sentence);
});

const code = await checks.conclude();
server.close();
process.exit(code);
