import { request } from 'http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/** Response of an HTTP endpoint. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Credentials that sign a request. */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The request to sign. */
export interface FunctionUrlRequest {
  readonly hostname: string;
  readonly region: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
}

/** Headers that a Lambda function URL with IAM authorization wants. Text is sent as JSON. */
export async function signedHeaders(request: FunctionUrlRequest, credentials: Credentials | (() => Promise<Credentials>)): Promise<Record<string, string>> {
  const { hostname, region, method, path, body } = request;
  const signer = new SignatureV4({ service: 'lambda', region, credentials, sha256: Sha256 });
  const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
  const headers = { host: hostname, ...(body === undefined ? {} : { 'content-type': type }) };
  return (await signer.sign({ method, protocol: 'https:', hostname, path, query: {}, headers, body })).headers;
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
  const headers = await signedHeaders({ hostname, region, method, path, body: content }, { accessKeyId: 'test', secretAccessKey: 'test' });
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}
