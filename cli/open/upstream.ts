import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'http';
import { Agent as HttpAgent, request as httpRequest } from 'http';
import { Agent as HttpsAgent, request as httpsRequest } from 'https';
import type { SignatureV4 } from '@smithy/signature-v4';
import { signerOf } from '../aws/signed-request';
import type { Endpoint } from './endpoint';

/** A request as it arrived, with its whole body: a signature covers it. */
export interface ModelRequest {
  readonly method: string;
  /** Below the endpoint's address. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Another place than that of an endpoint's address, over HTTP, with its own credentials: the embedded AWS of this repository. */
export interface Instead {
  readonly host: string;
  readonly port: number;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const OF_A_CONNECTION = ['connection', 'keep-alive', 'proxy-.*', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
const matching = (names: string[]) => new RegExp(`^(${names.join('|')})$`);
/** Beside those of a connection, headers of a browser, which say nothing to the endpoint, and those that are made anew. */
const NOT_SENT = matching([...OF_A_CONNECTION, 'host', 'content-length', 'expect', 'origin', 'referer', 'cookie', 'sec-.*']);
/** Beside those of a connection, headers that would let another page read the answer, or set something in the browser. */
const NOT_ANSWERED = matching([
  ...OF_A_CONNECTION, 'access-control-.*', 'set-cookie', 'location', 'refresh', 'link', 'content-security-policy.*', 'strict-transport-security', 'alt-svc', 'clear-site-data',
]);
/** A signature holds for these. Others may be changed on the way by a front door. */
const SIGNED = ['content-type', 'content-encoding', 'inference-header-content-length'];

const without = <T>(headers: NodeJS.Dict<T>, left: RegExp): NodeJS.Dict<T> => Object.fromEntries(Object.entries(headers).filter(([name]) => !left.test(name)));

/** Headers of an endpoint's answer that go on to the client. */
export function answeredHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return without(headers, NOT_ANSWERED);
}

/** Sends requests to one endpoint, over connections that it keeps. */
export class Upstream {
  private readonly address: URL;
  private readonly signer?: SignatureV4;
  private readonly agent: HttpAgent;
  private readonly isPlain: boolean;

  constructor(private readonly endpoint: Endpoint, private readonly instead?: Instead) {
    this.address = new URL(endpoint.url);
    this.isPlain = instead !== undefined || this.address.protocol === 'http:';
    this.agent = new (this.isPlain ? HttpAgent : HttpsAgent)({ keepAlive: true });
    this.signer = endpoint.signing && signerOf(endpoint.signing, endpoint.signing.service, instead?.credentials);
  }

  /** Sends a request, and returns the answer when its headers have arrived. Rejects with a sentence. */
  public async send(asked: ModelRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const path = `${this.address.pathname.replace(/\/$/, '')}${asked.path}`;
    const headers = await this.headersOf(asked, path);
    const answer = await this.sent({ ...asked, path, headers }, signal).catch((error: Error) => {
      throw new Error(this.sentenceOf(error));
    });
    if (answer.statusCode! >= 300 && answer.statusCode! < 400) {
      answer.resume();
      throw new Error(`${this.endpoint.url} sends requests on to ${JSON.stringify(answer.headers.location ?? '')} (${answer.statusCode}): open that address`);
    }
    return answer;
  }

  public close(): void {
    this.agent.destroy();
  }

  private async headersOf({ method, headers, body }: ModelRequest, path: string): Promise<OutgoingHttpHeaders> {
    const { hostname, host, protocol } = this.address;
    const sent = { ...without(headers, NOT_SENT), host, ...method === 'GET' ? {} : { 'content-length': String(body.length) } };
    if (!this.signer) {
      return sent;
    }
    const covered = Object.fromEntries(SIGNED.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])));
    const signed = await this.signer.sign({ method, protocol, hostname, path, query: {}, headers: { host, ...covered }, body });
    return { ...sent, ...signed.headers };
  }

  /** Sends once more where a kept connection was closed in the moment of its use: a prediction may be asked for twice. */
  private async sent(asked: Omit<ModelRequest, 'headers'> & { headers: OutgoingHttpHeaders }, signal: AbortSignal): Promise<IncomingMessage> {
    const { hostname, port } = this.address;
    const place = this.instead ? { host: this.instead.host, port: this.instead.port } : { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? undefined : Number(port) };
    const { method, path, headers, body } = asked;
    let kept = false;
    try {
      return await new Promise((resolve, reject) => {
        const outgoing = (this.isPlain ? httpRequest : httpsRequest)({ ...place, method, path, headers, agent: this.agent, signal }, resolve);
        outgoing.once('error', (error) => {
          kept = outgoing.reusedSocket;
          reject(error);
        });
        outgoing.end(method === 'GET' ? undefined : body);
      });
    } catch (error) {
      if (kept && (error as { code?: string }).code === 'ECONNRESET' && !signal.aborted) {
        return this.sent(asked, signal);
      }
      throw error;
    }
  }

  private sentenceOf({ message, code, errors }: Error & { readonly code?: string; readonly errors?: Error[] }): string {
    const reason = message || errors?.map((error) => error.message).join(', ') || code;
    const wayOut = code?.startsWith('ERR_TLS') || /certificate|self.signed/i.test(message)
      ? 'name the file of its certificate authority by NODE_EXTRA_CA_CERTS' : 'look whether the address is right, and whether this machine reaches it';
    return `${this.endpoint.url} did not answer (${reason}): ${wayOut}`;
  }
}
