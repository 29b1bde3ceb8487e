import { Sha256 } from '@aws-crypto/sha256-js';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';

/** Calls a JSON service for which this repository has no client. */
export async function callAws<T>(service: string, target: string, region: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  return JSON.parse(await post(service, target, region, JSON.stringify(body), headers)) as T;
}

/** Calls a service with the query protocol and returns its XML. */
export async function queryAws(service: string, action: string, version: string, region: string): Promise<string> {
  return post(service, action, region, `Action=${action}&Version=${version}`, { 'content-type': 'application/x-www-form-urlencoded' });
}

async function post(service: string, operation: string, region: string, text: string, contentHeaders: Record<string, string>): Promise<string> {
  const url = new URL(process.env.AWS_ENDPOINT_URL ?? `https://${service}.${region}.amazonaws.com`);
  const { credentials } = new LambdaClient({ region }).config;
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', query: {}, body: text,
    headers: { host: url.host, ...contentHeaders },
  });
  const answer = await fetch(url, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(20_000) });
  const content = await answer.text();
  if (!answer.ok) {
    throw new Error(`${operation}: ${answer.status} ${content.slice(0, 300)}`);
  }
  return content;
}
