import { once } from 'events';
import { mkdtempSync, writeFileSync } from 'fs';
import type { Server } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { openApiCommand } from '../../cli/openapi/command';

const DOCUMENT = { openapi: '3.1.0', info: { title: 'iris', version: '3' }, paths: {} };

let printed: string;
let directory: string;
let server: Server;
let address: string;
let answers: Record<string, [number, string]>;

beforeEach(async () => {
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  directory = mkdtempSync(join(tmpdir(), 'openapi-'));
  answers = {};
  server = createServer((request, response) => {
    const [status, text] = answers[request.url ?? ''] ?? [404, '{"error":"unknown model"}'];
    response.writeHead(status).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  jest.restoreAllMocks();
});

test('prints the document of a published version', async () => {
  const file = join(directory, 'openapi.json');
  writeFileSync(file, JSON.stringify(DOCUMENT));
  for (const artifact of [file, directory]) {
    printed = '';
    expect(await openApiCommand([artifact])).toBe(0);
    expect(JSON.parse(printed)).toEqual(DOCUMENT);
  }
});

test.each(['/v1/models/iris', '/v1/models/iris/', '/v1/models/iris/openapi.json', '/prod/v1/models/iris', '/v1/models/iris/versions/3'])(
  'asks the server at %s, and adds its address', async (path) => {
    const model = path.replace(/\/(openapi\.json)?$/, '');
    answers[`${model}/openapi.json`] = [200, JSON.stringify(DOCUMENT)];
    expect(await openApiCommand([`${address}${path}`])).toBe(0);
    expect(JSON.parse(printed)).toEqual({ ...DOCUMENT, servers: [{ url: `${address}${path.startsWith('/prod') ? '/prod' : ''}` }] });
  },
);

test.each([
  [[], /name one ARTIFACT or URL, got none/],
  [['a', 'b'], /got a, b/],
  [['s3://bucket/iris/litert/3/'], /copy the version's openapi.json with `aws s3 cp`/],
  [['/does/not/exist'], /there is no \/does\/not\/exist: it is made when a version is published/],
])('refuses %j', async (args, sentence) => {
  await expect(openApiCommand(args)).rejects.toThrow(sentence);
});

test('says what is wrong with a file', async () => {
  const file = join(directory, 'openapi.json');
  for (const [text, sentence] of [['{', /is not JSON/], ['null', /is not a document of OpenAPI 3.1/], ['{"openapi": "3.0.3"}', /is not a document/]] as const) {
    writeFileSync(file, text);
    await expect(openApiCommand([directory])).rejects.toThrow(sentence);
  }
});

test('says why a server has none', async () => {
  await expect(openApiCommand([`${address}/v1/models/iris`])).rejects.toThrow(/has no document of this model \(404\): {"error":"unknown model"}/);
  answers['/v1/models/iris/openapi.json'] = [403, ''];
  await expect(openApiCommand([`${address}/v1/models/iris`])).rejects.toThrow(/refuses who does not sign \(403\): give the version's openapi.json in S3/);
  await expect(openApiCommand([`${address}/v1/models/`])).rejects.toThrow(/URL must be that of a model/);
  await expect(openApiCommand([`${address}/`])).rejects.toThrow(/URL must be that of a model/);
  server.closeAllConnections();
  server.close();
  await expect(openApiCommand([`${address}/v1/models/iris`])).rejects.toThrow(/did not answer \(.+\)/);
});

test('prints its help', async () => {
  expect(await openApiCommand(['--help'])).toBe(0);
  expect(printed).toContain('Usage: cdk-tensorflow openapi ARTIFACT|URL');
});
