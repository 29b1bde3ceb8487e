import { connect } from 'net';
import { gzipSync } from 'zlib';
import type { Endpoint } from '../../../cli/open/endpoint';
import type { Proxy } from '../../../cli/open/proxy';
import { LARGEST_BODY, startProxy } from '../../../cli/open/proxy';
import type { Reply } from '../../../lab/stand_ins/endpoint';
import { ask, signatureOf, standingEndpoint } from '../../../lab/stand_ins/endpoint';

const SECRET = 'a secret of the test';
const PREDICT = '/v1/models/digits:predict';

/** Replies before `reply`, each given once. */
let next: Reply[];
let reply: Reply;
let endpoint: Awaited<ReturnType<typeof standingEndpoint>>;
let proxies: Proxy[];

beforeEach(async () => {
  reply = { headers: { 'content-type': 'application/json' }, body: '{"predictions": [1.0]}' };
  next = [];
  endpoint = await standingEndpoint(() => next.shift() ?? reply);
  proxies = [];
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: 'the session' });
});

afterEach(async () => {
  await Promise.all([...proxies.map((proxy) => proxy.close()), endpoint.close()]);
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].forEach((name) => delete process.env[name]);
});

async function open(more: Partial<Endpoint> = {}, instead?: { host: string; port: number }) {
  const proxy = await startProxy({ url: endpoint.url, ...more }, { page: '<p>the page', report: '<p>the report' }, instead);
  proxies.push(proxy);
  const { host, pathname } = new URL(proxy.address);
  return { address: proxy.address, host, base: pathname.replace(/\/$/, '') };
}

const sentenceOf = ({ body }: { body: Buffer }) => (JSON.parse(body.toString()) as { error: string }).error;

describe('a request to the model', () => {
  test('arrives as the client sent it, and the answer comes back as the endpoint sent it', async () => {
    const binary = Buffer.concat([Buffer.from('{"inputs":[]}'), Buffer.from([0, 255, 13, 10, 128])]);
    reply = { headers: { 'inference-header-content-length': '7', 'content-type': 'application/octet-stream' }, body: Buffer.from([0, 1, 254, 255]) };
    const { address, base } = await open();

    const answer = await ask(address, `${base}/v2/models/digits/versions/3/infer`, {
      method: 'POST', headers: { 'inference-header-content-length': '13', 'content-encoding': 'identity', 'traceparent': '00-1-2-01' }, body: binary,
    });

    expect(answer).toMatchObject({ status: 200, headers: { 'inference-header-content-length': '7', 'content-type': 'application/octet-stream' } });
    expect(answer.body).toEqual(Buffer.from([0, 1, 254, 255]));
    const [received] = endpoint.received;
    expect(received).toMatchObject({
      method: 'POST', path: '/v2/models/digits/versions/3/infer',
      headers: { 'inference-header-content-length': '13', 'content-encoding': 'identity', 'traceparent': '00-1-2-01', 'host': `127.0.0.1:${endpoint.port}` },
    });
    expect(received.body).toEqual(binary);
    expect(received.headers).not.toHaveProperty('content-type');
  });

  test('goes below the path of the endpoint, zipped bodies stay zipped, and statuses stay', async () => {
    const zipped = gzipSync('{"predictions": []}');
    reply = { status: 503, headers: { 'content-encoding': 'gzip', 'retry-after': '1' }, body: zipped };
    const { address, base } = await open({ url: `${endpoint.url}/prod` });

    const answer = await ask(address, `${base}${PREDICT}`, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: gzipSync('{}') });

    expect(answer).toMatchObject({ status: 503, headers: { 'content-encoding': 'gzip', 'retry-after': '1' } });
    expect(answer.body).toEqual(zipped);
    expect(endpoint.received[0]).toMatchObject({ path: `/prod${PREDICT}`, body: gzipSync('{}') });
  });

  test('without a length is read to its end', async () => {
    const { address, base } = await open();
    await ask(address, `${base}${PREDICT}`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: '{"instances": []}' });
    expect(endpoint.received[0].body.toString()).toBe('{"instances": []}');
    expect(endpoint.received[0].headers['content-length']).toBe('17');
  });

  test('takes nothing of the browser along, and brings nothing for it back', async () => {
    reply = { headers: { 'access-control-allow-origin': '*', 'set-cookie': 'a=b', 'link': '<http://other>; rel=preload' }, body: '{}' };
    const { address, base, host } = await open();

    const { status, headers } = await ask(address, `${base}${PREDICT}`, {
      method: 'POST', body: '{}', headers: {
        'origin': `http://${host}`, 'referer': address, 'cookie': 'a=b', 'sec-fetch-site': 'same-origin', 'sec-ch-ua': '"x"',
      },
    });

    expect(status).toBe(200);
    ['access-control-allow-origin', 'set-cookie', 'link'].forEach((name) => expect(headers).not.toHaveProperty(name));
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'content-security-policy': expect.stringContaining('sandbox') });
    ['origin', 'referer', 'cookie', 'sec-fetch-site', 'sec-ch-ua'].forEach((name) => expect(endpoint.received[0].headers).not.toHaveProperty(name));
  });

  test('shares a connection with the one before, and is sent again where that was closed', async () => {
    const { address, base } = await open();
    await ask(address, `${base}${PREDICT}`, { method: 'POST', body: '{}' });
    await ask(address, `${base}${PREDICT}`, { method: 'POST', body: '{}' });
    expect(endpoint.connections()).toBe(1);
    next = [{ breaksAfter: 0 }];
    expect((await ask(address, `${base}${PREDICT}`, { method: 'POST', body: '{}' })).status).toBe(200);
  });
});

describe('a signed request', () => {
  const signing = { service: 'lambda', region: 'eu-west-1' } as const;

  test('has the signature that the service computes, of its body, its path and its token', async () => {
    const url = 'https://abc.lambda-url.eu-west-1.on.aws';
    const { address, base } = await open({ url, signing }, { host: '127.0.0.1', port: endpoint.port });

    await ask(address, `${base}${PREDICT}`, { method: 'POST', headers: { 'content-type': 'application/json', 'authorization': 'of the client' }, body: '{"instances": [[1.0]]}' });
    await ask(address, `${base}/v2/models/digits/infer`, { method: 'POST', headers: { 'inference-header-content-length': '2' }, body: Buffer.from([123, 125, 0, 255]) });
    await ask(address, `${base}/v1/models/digits/metadata`);

    expect(endpoint.received.map(({ headers }) => headers.host)).toEqual(Array(3).fill('abc.lambda-url.eu-west-1.on.aws'));
    for (const received of endpoint.received) {
      const { signature, signed, scope } = signatureOf(received, SECRET);
      expect(received.headers.authorization).toMatch(new RegExp(`^AWS4-HMAC-SHA256 Credential=AKIDTEST/.*Signature=${signature}$`));
      expect(scope).toMatch(/^\d{8}\/eu-west-1\/lambda\/aws4_request$/);
      expect(signed).toEqual(expect.arrayContaining(['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']));
      expect(received.headers['x-amz-security-token']).toBe('the session');
    }
  });

  test('is signed for an API with its stage', async () => {
    const { address, base } = await open({ url: `${endpoint.url}/prod`, signing: { service: 'execute-api', region: 'us-east-1' } });
    await ask(address, `${base}${PREDICT}`, { method: 'POST', body: '{}' });
    const { signature, scope } = signatureOf(endpoint.received[0], SECRET);
    expect(endpoint.received[0].headers.authorization).toContain(signature);
    expect(scope).toMatch(/us-east-1\/execute-api/);
  });

  test('of which the body was changed would have another signature', async () => {
    const { address, base } = await open({ signing });
    await ask(address, `${base}${PREDICT}`, { method: 'POST', body: '{}' });
    const changed = { ...endpoint.received[0], body: Buffer.from('{ }') };
    expect(endpoint.received[0].headers.authorization).not.toContain(signatureOf(changed, SECRET).signature);
  });
});

describe('a request of somebody else is refused before its body is read, and does not reach the endpoint', () => {
  // Compare the paths only: bodies would take long to print.
  afterEach(() => expect(endpoint.received.map(({ path }) => path)).toEqual([]));

  test.each([
    ['another name that leads to this machine', 421, () => ({ headers: { host: 'rebound.example:80' } }), /the request is for the host "rebound.example:80"/],
    ['localhost, which is another origin', 421, (host: string) => ({ headers: { host: host.replace('127.0.0.1', 'localhost') } }), /for the host "localhost:\d+"/],
    ['another port', 421, () => ({ headers: { host: '127.0.0.1:1' } }), /for the host "127.0.0.1:1"/],
    ['a page of another site', 403, () => ({ headers: { origin: 'https://other.example' } }), /a page of "https:\/\/other.example" sent this request/],
    ['a page of another port', 403, () => ({ headers: { origin: 'http://127.0.0.1:1' } }), /a page of "http:\/\/127.0.0.1:1" sent/],
    ['a page without an origin', 403, () => ({ headers: { origin: 'null' } }), /a page of "null" sent/],
    ['an image or a link of another site', 403, () => ({ headers: { 'sec-fetch-site': 'cross-site' } }), /a page of "another site" sent/],
    ['a page of this machine on another port', 403, () => ({ headers: { 'sec-fetch-site': 'same-site' } }), /a page of "another site" sent/],
  ])('%s', async (_, status, change, sentence) => {
    const { address, base, host } = await open();
    for (const path of ['/', '/endpoint.json', PREDICT]) {
      const answer = await ask(address, `${base}${path}`, { method: path === PREDICT ? 'POST' : 'GET', ...change(host) });
      expect(answer.status).toBe(status);
      expect(sentenceOf(answer)).toMatch(sentence);
    }
  });

  test.each(['', '/', `/${'0'.repeat(32)}/`, `/${'0'.repeat(32)}${PREDICT}`, PREDICT, '/%30', '//'])('without the token: %j', async (path) => {
    const { address } = await open();
    const answer = await ask(address, path, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(404);
    expect(sentenceOf(answer)).toBe('the path must begin with the token of the address that `cdk-tensorflow open` printed');
  });

  test('a preflight of CORS gets no permission', async () => {
    const { address, base } = await open();
    const answer = await ask(address, `${base}${PREDICT}`, { method: 'OPTIONS', headers: { 'origin': 'https://other.example', 'access-control-request-method': 'POST' } });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each([
    '/monitoring/prometheus/metrics', '/v1', '/v1/models', '/v1/models/', '/v3', '/v20', '/../v2', '/v2/../monitoring', '/v2/%2e%2e/monitoring', '/v2/..%2fmonitoring',
    '/v2/models/a%5cb', '/v2//models', '/v2/models/%', `/v2/models/${'a'.repeat(2100)}`, '/v2/models/a%3fb', '/report.htm',
  ])('for another path of the endpoint: %s', async (path) => {
    const { address, base } = await open();
    const answer = await ask(address, `${base}${path}`);
    expect(answer.status).toBe(404);
    expect(sentenceOf(answer)).toBe('only paths below /v1/models/ and /v2 go on to the endpoint');
  });

  test('with a query, or by another method', async () => {
    const { address, base } = await open();
    const asked = await ask(address, `${base}/v2?a=b`);
    expect([asked.status, sentenceOf(asked)]).toEqual([400, 'requests to a model have no query: send what is after the ? in the body']);
    const removed = await ask(address, `${base}${PREDICT}`, { method: 'DELETE' });
    expect([removed.status, removed.headers.allow, sentenceOf(removed)]).toEqual([405, 'GET, POST', 'the method DELETE does not go on to the endpoint: use GET or POST']);
    expect((await ask(address, `${base}/`, { method: 'POST' })).status).toBe(405);
  });

  test('with a body that is too large, by its length or by what arrives', async () => {
    const { address, base } = await open();
    const sentence = `the body has more than ${LARGEST_BODY} bytes: send fewer rows`;
    const announced = await ask(address, `${base}${PREDICT}`, { method: 'POST', headers: { 'content-length': LARGEST_BODY + 1 }, body: Buffer.alloc(LARGEST_BODY + 1) });
    expect([announced.status, sentenceOf(announced)]).toEqual([413, sentence]);
    const chunked = await ask(address, `${base}${PREDICT}`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(LARGEST_BODY + 1) });
    expect([chunked.status, sentenceOf(chunked)]).toEqual([413, sentence]);
  });
});

test('a body of the largest size arrives', async () => {
  const { address, base } = await open();
  expect((await ask(address, `${base}${PREDICT}`, { method: 'POST', body: Buffer.alloc(LARGEST_BODY) })).status).toBe(200);
  expect(endpoint.received[0].body.length).toBe(LARGEST_BODY);
});

describe('an endpoint that fails', () => {
  test('is named with the reason, where nothing listens', async () => {
    const { address, base } = await open({ url: 'http://127.0.0.1:1' });
    const answer = await ask(address, `${base}${PREDICT}`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(502);
    expect(sentenceOf(answer)).toBe('http://127.0.0.1:1 did not answer (connect ECONNREFUSED 127.0.0.1:1): look whether the address is right, and whether this machine reaches it');
  });

  test('is named with the reason, where it ends the connection', async () => {
    reply = { breaksAfter: 0 };
    const { address, base } = await open();
    const answer = await ask(address, `${base}/v2`);
    expect(answer.status).toBe(502);
    expect(sentenceOf(answer)).toMatch(/^http:\/\/127.0.0.1:\d+ did not answer \(socket hang up\): look/);
  });

  test('breaks off the answer too where it breaks off its own, so that nobody takes it for complete', async () => {
    reply = { body: 'x'.repeat(1000), breaksAfter: 500 };
    const { address, base } = await open();
    await expect(ask(address, `${base}/v2`)).rejects.toThrow(/aborted|ECONNRESET|hang up/);
  });

  test('is not followed to another address', async () => {
    reply = { status: 307, headers: { location: 'https://other.example/v2' } };
    const { address, base } = await open();
    const answer = await ask(address, `${base}/v2`);
    expect([answer.status, answer.headers.location]).toEqual([502, undefined]);
    expect(sentenceOf(answer)).toMatch(/sends requests on to "https:\/\/other.example\/v2" \(307\): open that address$/);
  });
});

describe('the proxy itself', () => {
  test('listens on the loopback interface only, with another port and another token each time', async () => {
    const [first, second] = [await open(), await open()];
    expect(first.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    expect(new Set([first.host, second.host, first.base, second.base]).size).toBe(4);
    // All addresses of 127.0.0.0/8 are this machine's own; the proxy has one of them.
    await expect(new Promise((resolve, reject) => connect(Number(first.host.split(':')[1]), '127.0.0.2').on('connect', resolve).on('error', reject))).rejects.toThrow('ECONNREFUSED');
  });

  test('serves the page and the report, which no other page frames, and says what the endpoint is', async () => {
    const { address, base } = await open({ model: 'digits' });
    const page = await ask(address, `${base}/`);
    expect([page.status, page.body.toString(), page.headers['content-security-policy']]).toEqual([200, '<p>the page', 'frame-ancestors \'none\'']);
    const report = await ask(address, `${base}/report.html`);
    expect([report.body.toString(), report.headers['content-security-policy']]).toEqual(['<p>the report', expect.stringMatching(/^default-src 'none'.*sandbox$/)]);
    expect(JSON.parse((await ask(address, `${base}/endpoint.json`)).body.toString())).toEqual({ url: endpoint.url, model: 'digits', report: 'report.html' });
    expect(await ask(address, base)).toMatchObject({ status: 308, headers: { location: `${base}/` } });
    expect((await ask(address, `${base}/`, { method: 'HEAD' })).body).toHaveLength(0);
  });

  test('ends with its connections', async () => {
    const { address } = await open();
    const { hostname, port } = new URL(address);
    const idle = connect(Number(port), hostname);
    await new Promise((resolve) => idle.once('connect', resolve));
    const closed = new Promise((resolve) => idle.once('close', resolve));
    await proxies[0].close();
    await closed;
  });
});
