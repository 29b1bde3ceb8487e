import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import type { Server } from 'http';
import { request } from 'http';
import { tmpdir } from 'os';
import { join } from 'path';
import { brotliDecompressSync, gunzipSync } from 'zlib';
import { serveSite } from '../../scripts/docs/server';

const SCRIPT = 'x'.repeat(5000);
const parent = mkdtempSync(join(tmpdir(), 'site-'));
const directory = join(parent, 'site');
let server: Server;
let address: string;

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** Sends a request as it is: `fetch` would decompress the answer and normalize the path. */
function ask(path: string, { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(address);
    request({ port, host: '127.0.0.1', path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });
}

beforeAll(async () => {
  mkdirSync(join(directory, 'guides'), { recursive: true });
  writeFileSync(join(parent, 'secret.txt'), 'secret');
  writeFileSync(join(directory, 'index.html'), '<p>first</p>');
  writeFileSync(join(directory, '404.html'), '<p>none</p>');
  writeFileSync(join(directory, 'app.js'), SCRIPT);
  writeFileSync(join(directory, 'font.woff2'), SCRIPT);
  writeFileSync(join(directory, 'guides', 'limits.html'), '<p>limits</p>');
  ({ server, address } = await serveSite(directory, { base: '/docs/', port: 0 }));
});

afterAll(() => {
  server.close();
  rmSync(parent, { recursive: true });
});

test.each([['/docs/', 'first'], ['/docs/index.html', 'first'], ['/docs/guides/limits', 'limits'], ['/docs/guides/limits.html?a=b', 'limits']])('%s is answered', async (path, text) => {
  const { status, headers, body } = await ask(path);
  expect([status, headers['content-type'], body.toString()]).toEqual([200, 'text/html; charset=utf-8', `<p>${text}</p>`]);
});

test.each(['/', '/index.html', '/docs/nothing', '/docs/guides/', '/docs/../secret.txt', '/docs/..%2fsecret.txt', '/docs/%2e%2e/%2e%2e/secret.txt', '/docs/%', '/docs/%00'])(
  '%s is not found', async (path) => {
    const { status, body } = await ask(path);
    expect([status, body.toString()]).toEqual([404, '<p>none</p>']);
  });

test('what the client can decompress is sent compressed, the second time too', async () => {
  for (let turn = 0; turn < 2; turn++) {
    const brotli = await ask('/docs/app.js', { headers: { 'accept-encoding': 'gzip, deflate, br' } });
    const gzip = await ask('/docs/app.js', { headers: { 'accept-encoding': 'gzip;q=1.0' } });
    expect([brotli.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip']);
    expect([brotliDecompressSync(brotli.body).toString(), gunzipSync(gzip.body).toString()]).toEqual([SCRIPT, SCRIPT]);
    expect(brotli.headers['content-length']).toBe(String(brotli.body.length));
  }
});

test('other clients, and fonts, get the file as it is', async () => {
  const plain = await ask('/docs/app.js');
  const font = await ask('/docs/font.woff2', { headers: { 'accept-encoding': 'br' } });
  expect([plain.headers['content-encoding'], plain.body.toString(), font.headers['content-encoding']]).toEqual([undefined, SCRIPT, undefined]);
});

test('nothing but reading is allowed', async () => {
  expect((await ask('/docs/', { method: 'POST' })).status).toBe(405);
  const head = await ask('/docs/', { method: 'HEAD' });
  expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, String('<p>first</p>'.length)]);
});

test('only this machine is listened to', () => {
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/docs\/$/);
  expect((server.address() as { address: string }).address).toBe('127.0.0.1');
});
