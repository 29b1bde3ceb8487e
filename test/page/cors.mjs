// Tries CORS in Chromium: pages of two origins ask a function URL and an HTTP API of the embedded AWS, and the LiteRT server.
import { createServer } from 'node:http';
import { browserChecks, ensure } from '../../scripts/browser/checks.mjs';
import { installDriver } from '../../scripts/browser/chromium.mjs';
import { startDigitsServer } from '../../scripts/browser/digits-server.mjs';
import { corsEndpoints } from './cors-endpoints.ts';

const MODEL = 'digits';
const INSTANCES = JSON.stringify({ instances: [Array.from({ length: 28 }, () => Array.from({ length: 28 }, () => [0]))] });
const REFUSED = 'TypeError: Failed to fetch';

/** Starts an origin with an empty page. */
async function origin() {
  const server = createServer((request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><link rel="icon" href="data:,">'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Sends a request as a page does, and returns its status and answer, or the error that the page gets. */
function ask(page, url, { body = INSTANCES, method = 'POST', headers = { 'content-type': 'application/json' } } = {}) {
  return page.evaluate(async (options) => {
    try {
      const answer = await fetch(options.url, options.init);
      return { status: answer.status, body: await answer.json() };
    } catch (error) {
      return String(error);
    }
  }, { url, init: { method, headers, body: method === 'GET' ? undefined : body } });
}

await installDriver();
const [allowed, other] = [await origin(), await origin()];
const aws = await corsEndpoints({ allowedOrigins: [allowed.url] }, MODEL);
const server = await startDigitsServer(undefined, [`--cors_allow_origins=${allowed.url}`]);
const silent = await startDigitsServer();
const own = [allowed.url, other.url, aws.functionUrl, aws.httpApi, server.url, silent.url];
const { check, conclude } = await browserChecks((url) => own.some((address) => url.startsWith(address)));
/** Messages that Chromium logs about requests that are refused by CORS, or answered with an error. */
const expected = /CORS policy|Failed to load resource/;

for (const [name, address] of [['a function URL', aws.functionUrl], ['an HTTP API', aws.httpApi]]) {
  const predict = `${address}/v1/models/${MODEL}:predict`;
  await check(`${name} answers a page of an allowed origin, and its function sees no preflight request`, allowed.url, async (page) => {
    for (const methods of [['POST'], ['POST', 'POST']]) {
      const answer = await ask(page, predict);
      ensure(JSON.stringify(answer) === JSON.stringify({ status: 200, body: { methods } }), JSON.stringify(answer));
    }
  });
  await check(`${name} lets the page read why a request is refused`, allowed.url, async (page) => {
    const answer = await ask(page, predict, { body: '{' });
    ensure(JSON.stringify(answer) === '{"status":400,"body":{"error":"no JSON"}}', JSON.stringify(answer));
  }, { expected });
  await check(`${name} takes no header that is not allowed`, allowed.url, async (page) => {
    ensure(await ask(page, predict, { headers: { 'x-other': '1' } }) === REFUSED, 'the header was sent');
  }, { expected });
  await check(`${name} refuses the preflight request of a page of another origin, and its function gets nothing`, other.url, async (page) => {
    ensure(await ask(page, predict) === REFUSED, 'the page was answered');
  }, { expected });
  await check(`${name} has computed what was allowed, and nothing else`, allowed.url, async (page) => {
    const { body: { methods } } = await ask(page, predict);
    ensure(methods.join() === 'POST,POST,POST,POST', methods.join());
  });
  await check(`${name} computes a request that needs no permission, and the page of another origin does not read the answer`, other.url, async (page) => {
    ensure(await ask(page, predict, { headers: { 'content-type': 'text/plain' } }) === REFUSED, 'the page read the answer');
  }, { expected });
}

const predict = `${server.url}/v1/models/${MODEL}:predict`;
await check('the LiteRT server answers a page of an allowed origin', allowed.url, async (page) => {
  const { status, body } = await ask(page, predict);
  ensure(status === 200 && body.predictions[0].length === 10, JSON.stringify(body));
  const { body: { model_version_status: versions } } = await ask(page, `${server.url}/v1/models/${MODEL}`, { method: 'GET', headers: {} });
  ensure(versions[0].state === 'AVAILABLE', JSON.stringify(versions));
});
await check('the LiteRT server lets the page read why a request is refused', allowed.url, async (page) => {
  const { status, body } = await ask(page, predict, { body: '{"instances": [[1]]}' });
  ensure(status === 400 && body.error.length > 0, JSON.stringify(body));
}, { expected });
await check('the LiteRT server takes no header that is not allowed', allowed.url, async (page) => {
  ensure(await ask(page, predict, { headers: { 'x-other': '1' } }) === REFUSED, 'the header was sent');
}, { expected });
await check('the LiteRT server answers no page of another origin', other.url, async (page) => {
  ensure(await ask(page, predict) === REFUSED, 'the page was answered');
  ensure(await ask(page, `${server.url}/v1/models/${MODEL}`, { method: 'GET', headers: {} }) === REFUSED, 'the page read the answer');
}, { expected });
await check('the LiteRT server answers no page of any origin unless cors is given', allowed.url, async (page) => {
  ensure(await ask(page, `${silent.url}/v1/models/${MODEL}:predict`) === REFUSED, 'the page was answered');
}, { expected });

const code = await conclude();
await Promise.all([aws.close(), server.close(), silent.close()]);
[allowed, other].forEach(({ close }) => close());
process.exit(code);
