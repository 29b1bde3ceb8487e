import { request } from 'http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/** What an HTTP endpoint answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends one request to a Lambda function URL with IAM authorization.
 *
 * @param url The function URL as the deployment printed it.
 * @param port Port on the loopback interface where the embedded AWS answers for that host name.
 * @param body Bytes are sent as they are, anything else as JSON.
 */
export async function callFunctionUrl(url: string, port: number, region: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const { hostname } = new URL(url);
  const content = body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body);
  const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
  const signer = new SignatureV4({
    service: 'lambda',
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method,
    protocol: 'https:',
    hostname,
    path,
    query: {},
    headers: { 'host': hostname, ...(content === undefined ? {} : { 'content-type': type }) },
    body: content,
  });
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers: signed.headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}
