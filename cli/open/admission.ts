import { timingSafeEqual } from 'crypto';
import type { IncomingHttpHeaders } from 'http';

/** Parts of the address of a proxy. */
export interface OwnAddress {
  /** Host and port, as a client writes them in the header. */
  readonly host: string;
  /** The first part of each path, which nobody can guess. */
  readonly token: string;
}

export interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly headers: IncomingHttpHeaders;
}

/** A request that is not answered, with its status and a sentence. */
export interface Refused {
  readonly status: number;
  readonly sentence: string;
  readonly allow?: string;
}

/** The path after the token of a request that is admitted, or why it is not. */
export type Admission = { readonly path: string } | Refused;

/** Longer names of models do not exist, and some servers end a connection over longer paths. */
const LONGEST_PATH = 2000;

/**
 * Admits a request of this machine's user.
 *
 * A web page of another site can make a browser send requests here: straight, which its origin shows, or by a name of its own that leads to the
 * loopback interface, which the host shows. Neither knows the token.
 */
export function admit({ host, token }: OwnAddress, { url = '', headers }: Asked): Admission {
  if (headers.host !== host) {
    return { status: 421, sentence: `this is ${host}, and the request is for the host ${JSON.stringify(headers.host ?? '')}` };
  }
  const { origin, 'sec-fetch-site': site } = headers;
  if ((origin !== undefined && origin !== `http://${host}`) || !['same-origin', 'none', undefined].includes(site as string | undefined)) {
    return { status: 403, sentence: `a page of ${JSON.stringify(origin ?? 'another site')} sent this request, and only the page of this address may` };
  }
  const [, given, path] = /^\/([^/?#]*)(.*)$/.exec(url) ?? [];
  if (given === undefined || !isEqual(given, token)) {
    return { status: 404, sentence: 'the path must begin with the token of the address that `cdk-tensorflow open` printed' };
  }
  return { path };
}

/** Refuses what is no request to a model: another path, a query, another method. Returns undefined for those that go on to the endpoint. */
export function refusalOfModelRequest(path: string, method = ''): Refused | undefined {
  if (path.includes('?')) {
    return { status: 400, sentence: 'requests to a model have no query: send what is after the ? in the body' };
  }
  if (path.length > LONGEST_PATH || !/^\/(v1\/models\/|v2(\/|$))[\x21-\x7e]*$/.test(path) || !path.slice(1).split('/').every(isSegment)) {
    return { status: 404, sentence: 'only paths below /v1/models/ and /v2 go on to the endpoint' };
  }
  return ['GET', 'POST'].includes(method) ? undefined : { status: 405, sentence: `the method ${method} does not go on to the endpoint: use GET or POST`, allow: 'GET, POST' };
}

/** False for a part that a server could read as several, or as a way up. */
function isSegment(part: string): boolean {
  try {
    return !/^\.{0,2}$|[/\\#?]|\0/.test(decodeURIComponent(part));
  } catch {
    return false;
  }
}

function isEqual(given: string, token: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(token)];
  return left.length === right.length && timingSafeEqual(left, right);
}
