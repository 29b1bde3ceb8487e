import { Sha256 } from '@aws-crypto/sha256-js';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';

/** Region and credentials of requests. */
export interface AwsAccess {
  readonly region: string;
  /** A profile of the AWS configuration files. Without it, the environment decides, as for every AWS tool. */
  readonly profile?: string;
}

/** Services whose JSON protocol has version 1.0; that of the others has 1.1. */
const OLDER_PROTOCOL = ['states', 'sqs'];

/** Calls a JSON service for which this repository has no client. */
export async function callAws<T>(access: AwsAccess, service: string, target: string, body: unknown): Promise<T> {
  const headers = { 'content-type': `application/x-amz-json-${OLDER_PROTOCOL.includes(service) ? '1.0' : '1.1'}`, 'x-amz-target': target };
  return JSON.parse(await post(access, service, target, JSON.stringify(body), headers)) as T;
}

/** Calls a service with the query protocol and returns its XML. */
export async function queryAws(access: AwsAccess, service: string, action: string, version: string): Promise<string> {
  return post(access, service, action, `Action=${action}&Version=${version}`, { 'content-type': 'application/x-www-form-urlencoded' });
}

/** Maximum attempts of a request, and the longest pause after the first. Each further pause may be twice as long. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MILLISECONDS = 500;

/** Repeats what may pass: the wait for a delivery takes hours, and one answer in thousands is lost. So every request must be one that may arrive twice. */
async function post(
  access: AwsAccess, service: string, operation: string, text: string, contentHeaders: Record<string, string>,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const { problem, content, passes } = await sent(access, service, text, contentHeaders);
    if (problem === undefined) {
      return content;
    }
    if (!passes || attempt === ATTEMPTS) {
      throw new Error(`${operation}: ${problem}`);
    }
    await new Promise((done) => setTimeout(done, Math.random() * FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1)));
  }
}

/** An answer, or the problem with it and whether that may pass. */
interface Answer {
  readonly content: string;
  readonly problem?: string;
  readonly passes?: boolean;
}

/** The domain of a Region's partition, from the table that the AWS SDK has. */
export function domainOf(client: LambdaClient, region: string): string {
  const { url } = client.config.endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false });
  return url.hostname.slice(`lambda.${region}.`.length);
}

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

/** A signer of requests to a service. It asks for the credentials when it signs, and again when they expire. */
export function signerOf({ region, profile }: AwsAccess, service: string, credentials?: Credentials): SignatureV4 {
  return new SignatureV4({ service, region, credentials: credentials ?? new LambdaClient({ region, profile }).config.credentials, sha256: Sha256 });
}

async function sent(access: AwsAccess, service: string, text: string, contentHeaders: Record<string, string>): Promise<Answer> {
  const { region, profile } = access;
  const client = new LambdaClient({ region, profile });
  const url = new URL(process.env.AWS_ENDPOINT_URL ?? `https://${service}.${region}.${domainOf(client, region)}`);
  const { headers } = await signerOf(access, service, client.config.credentials).sign({
    method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', query: {}, body: text,
    headers: { host: url.host, ...contentHeaders },
  });
  try {
    const answer = await fetch(url, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(20_000) });
    const content = await answer.text();
    return answer.ok ? { content } : {
      content, problem: `${answer.status} ${content.slice(0, 300)}`, passes: answer.status === 429 || answer.status >= 500 || /Throttl|TooManyRequests|Rate exceeded/i.test(content),
    };
  } catch (error) {
    // fetch says only that it failed; its cause says why.
    const { message, cause } = error as Error;
    return { content: '', problem: `${url.host} did not answer (${cause instanceof Error && cause.message ? cause.message : message})`, passes: true };
  }
}
