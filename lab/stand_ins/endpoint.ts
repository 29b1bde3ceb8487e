import { createHash, createHmac } from 'crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'http';
import { createServer, request } from 'http';
import type { AddressInfo, Socket } from 'net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Ends the connection: before the headers, or after this many bytes of the body. */
  readonly breaksAfter?: number;
}

/** A server that stands for an endpoint: it keeps what it gets, and replies as the test says. */
export async function standingEndpoint(reply: (received: Received) => Reply) {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const one = { method: incoming.method!, path: incoming.url!, headers: incoming.headers, body: Buffer.concat(parts) };
      received.push(one);
      const { status = 200, headers, body = '', breaksAfter } = reply(one);
      if (breaksAfter === 0) {
        incoming.socket.destroy();
      } else if (breaksAfter !== undefined) {
        response.writeHead(status, { ...headers, 'content-length': body.length }).write(body.slice(0, breaksAfter), () => incoming.socket.destroy());
      } else {
        response.writeHead(status, headers).end(body);
      }
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port, received, url: `http://127.0.0.1:${port}`,
    connections: () => sockets.size,
    close: () => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

export interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request with just these headers and this path: fetch would change both. */
export function ask(address: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject)
        .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }));
    });
    outgoing.on('error', reject).end(body);
  });
}

/** Computes a request's signature from AWS's description of version 4, as the service does. */
export function signatureOf({ method, path, headers, body }: Received, secret: string): { signature: string; signed: string[]; scope: string } {
  const [, scope, names] = /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\S+), SignedHeaders=(\S+), /.exec(headers.authorization!)!;
  const signed = names.split(';');
  const [day, region, service] = scope.split('/');
  const hash = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const canonical = [
    method, path.split('/').map(encodeURIComponent).join('/'), '',
    ...signed.map((name) => `${name}:${String(headers[name]).trim()}`), '', names, hash(body),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(canonical)].join('\n');
  const key = ['aws4_request'].reduce(mac, [region, service].reduce(mac, mac(`AWS4${secret}`, day)));
  return { signature: mac(key, text).toString('hex'), signed, scope };
}
