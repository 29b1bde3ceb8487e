import { randomBytes } from 'crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { pipeline } from 'stream/promises';
import type { Asked, OwnAddress, Refused } from './admission';
import { admit, refusalOfModelRequest } from './admission';
import type { Endpoint } from './endpoint';
import type { Instead } from './upstream';
import { answeredHeaders, Upstream } from './upstream';

/** The most that the LiteRT server takes by default. A function takes 6 MB, and says so itself. */
export const LARGEST_BODY = 64 * 1024 * 1024;

/** A page that is served beside the endpoint: its HTML. */
export interface Pages {
  /** At the address itself. */
  readonly page: string;
  /** At `report.html`, linked from the page. */
  readonly report?: string;
}

export interface Proxy {
  /** Address of the page, with a slash at its end. Without the slash it is a base address for clients. */
  readonly address: string;
  close(): Promise<void>;
}

/** Headers of every answer: nothing of it is kept, framed, or read by another page, and the token leaves by no link. */
const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};
/** Policy of an endpoint's answers, which are data: a browser that shows one as a page runs nothing of it. */
const DATA_POLICY = { 'content-security-policy': 'default-src \'none\'; frame-ancestors \'none\'; sandbox' };
/** The page has its own policy inside. */
const PAGE_POLICY = { 'content-security-policy': 'frame-ancestors \'none\'' };
/** A report has styles and drawings inside, and no program. */
const REPORT_POLICY = { 'content-security-policy': 'default-src \'none\'; style-src \'unsafe-inline\'; img-src data:; frame-ancestors \'none\'; sandbox' };
const HTML = { 'content-type': 'text/html; charset=utf-8' };

/** Serves a page, and passes requests on to an endpoint, on a random port of this machine's loopback interface. */
export async function startProxy(endpoint: Endpoint, pages: Pages, instead?: Instead): Promise<Proxy> {
  const upstream = new Upstream(endpoint, instead);
  const token = randomBytes(16).toString('hex');
  const own = () => ({ host: `127.0.0.1:${(server.address() as AddressInfo).port}`, token });
  const server = createServer((request, response) => {
    answer({ endpoint, pages, upstream, own: own() }, request, response).catch((error: Error) => fail(response, error));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    address: `http://${own().host}/${token}/`,
    close: () => new Promise((resolve) => {
      upstream.close();
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

interface Serving {
  readonly endpoint: Endpoint;
  readonly pages: Pages;
  readonly upstream: Upstream;
  readonly own: OwnAddress;
}

async function answer(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const admission = admit(serving.own, request as Asked);
  if (!('path' in admission)) {
    refuse(request, response, admission);
    return;
  }
  const { path } = admission;
  const own = ownAnswer(serving, path);
  if (own !== undefined) {
    if (!['GET', 'HEAD'].includes(request.method!)) {
      refuse(request, response, { status: 405, sentence: 'this is read by GET', allow: 'GET, HEAD' });
    } else {
      response.writeHead(own.status ?? 200, { ...HEADERS, ...own.headers }).end(request.method === 'HEAD' ? undefined : own.body);
    }
    return;
  }
  const refused = refusalOfModelRequest(path, request.method);
  if (refused) {
    refuse(request, response, refused);
    return;
  }
  await passOn(serving.upstream, path, request, response);
}

/** Returns the proxy's own answer at a path, or undefined. */
function ownAnswer({ endpoint, pages, own }: Serving, path: string): { status?: number; headers: OutgoingHttpHeaders; body?: string } | undefined {
  switch (path) {
    case '': return { status: 308, headers: { location: `/${own.token}/` } };
    case '/': return { headers: { ...HTML, ...PAGE_POLICY }, body: pages.page };
    case '/report.html': return pages.report === undefined ? undefined : { headers: { ...HTML, ...REPORT_POLICY }, body: pages.report };
    case '/endpoint.json': return {
      headers: { 'content-type': 'application/json', ...DATA_POLICY },
      body: JSON.stringify({ ...endpoint, report: pages.report === undefined ? undefined : 'report.html' }),
    };
    default: return undefined;
  }
}

async function passOn(upstream: Upstream, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  if (body === undefined) {
    refuse(request, response, { status: 413, sentence: `the body has more than ${LARGEST_BODY} bytes: send fewer rows` });
    return;
  }
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  let incoming: IncomingMessage;
  try {
    incoming = await upstream.send({ method: request.method!, path, headers: request.headers, body }, ended.signal);
  } catch (error) {
    if (!ended.signal.aborted) {
      refuse(request, response, { status: 502, sentence: (error as Error).message });
    }
    return;
  }
  response.writeHead(incoming.statusCode!, { ...answeredHeaders(incoming.headers), ...HEADERS, ...DATA_POLICY });
  await pipeline(incoming, response);
}

/** Reads a body; undefined if it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) {
    return undefined;
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_BODY) {
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, sentence, allow }: Refused): void {
  // What follows is read and dropped, so that the client reads the sentence and not a broken connection.
  request.resume();
  response.writeHead(status, { ...HEADERS, ...DATA_POLICY, 'content-type': 'application/json', 'connection': 'close', ...allow ? { allow } : {} })
    .end(`${JSON.stringify({ error: sentence })}\n`);
}

/** Ends an answer that broke off, so that the client does not take it for complete. */
function fail(response: ServerResponse, { message }: Error): void {
  if (response.headersSent) {
    response.destroy();
  } else {
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
  }
}
