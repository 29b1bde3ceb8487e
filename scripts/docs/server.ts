import { existsSync, readFileSync, statSync } from 'fs';
import type { IncomingMessage, Server, ServerResponse } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { extname, join, normalize } from 'path';
import { brotliCompressSync, constants, gzipSync } from 'zlib';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};
const OTHER_TYPE = 'application/octet-stream';
/** Not worth compressing, because they are compressed already. */
const COMPRESSED = ['.woff2'];
/** Higher levels take many times as long for a few percent of the WebAssembly. */
const BROTLI_LEVEL = 5;

/** Serves the files of a directory below a path of this machine's loopback address, compressed where the client can read it. */
export async function serveSite(
  directory: string, { base, port }: { readonly base: string; readonly port: number },
): Promise<{ server: Server; address: string }> {
  const encoded = new Map<string, Buffer>();
  const server = createServer((request, response) => answer({ directory, base, encoded }, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}` };
}

interface Served {
  readonly directory: string;
  readonly base: string;
  /** Bodies that were compressed once, by encoding and file. */
  readonly encoded: Map<string, Buffer>;
}

function answer(served: Served, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const file = fileOf(served, request.url ?? '/');
  const sent = file ?? join(served.directory, '404.html');
  const encoding = COMPRESSED.includes(extname(sent)) ? undefined : encodingOf(request);
  const body = contentOf(served.encoded, sent, encoding);
  response.writeHead(file === undefined ? 404 : 200, {
    'content-type': TYPES[extname(sent)] ?? OTHER_TYPE,
    'content-length': body.length,
    'vary': 'accept-encoding',
    ...encoding === undefined ? {} : { 'content-encoding': encoding },
  }).end(request.method === 'HEAD' ? undefined : body);
}

/** Returns the smaller of the encodings that the client accepts. */
function encodingOf(request: IncomingMessage): 'br' | 'gzip' | undefined {
  const accepted = String(request.headers['accept-encoding'] ?? '').split(',').map((word) => word.split(';')[0].trim());
  return (['br', 'gzip'] as const).find((name) => accepted.includes(name));
}

function contentOf(encoded: Map<string, Buffer>, file: string, encoding: 'br' | 'gzip' | undefined): Buffer {
  if (encoding === undefined) {
    return readFileSync(file);
  }
  const key = `${encoding} ${file}`;
  const known = encoded.get(key);
  if (known !== undefined) {
    return known;
  }
  const content = readFileSync(file);
  const made = encoding === 'gzip' ? gzipSync(content) : brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL } });
  encoded.set(key, made);
  return made;
}

/** Returns the file of an address, or undefined if there is none. */
function fileOf({ directory, base }: Served, url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url, 'http://127.0.0.1').pathname);
  } catch {
    return undefined;
  }
  if (!path.startsWith(base) || path.includes('\0')) {
    return undefined;
  }
  // Without a way up, because a normalized absolute path has none.
  const inside = normalize(`/${path.slice(base.length)}`);
  const candidates = [inside, `${inside}.html`, join(inside, 'index.html')].map((name) => join(directory, name));
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
}
