import { Fn, Token } from 'aws-cdk-lib';
import { checkInteger } from '../private/validation';
import type { CorsOptions } from './cors-options';

/** Options to check: also those of a function URL, where all may be missing. */
interface CheckedCors extends Partial<CorsOptions> {
  readonly allowCredentials?: boolean;
}

const EVERY_ORIGIN = '*';
const MOST = 100;
const LONGEST_ORIGIN = 253;
const LONGEST_MAX_AGE = 86_400;
const HEADER = /^[\w!#$%&'*+.^`|~-]+$/;

/** Returns all problems of the permission that are detectable at synthesis. */
export function corsProblems(cors: CheckedCors | undefined): string[] {
  if (cors === undefined) {
    return [];
  }
  const { allowedOrigins = [], allowedHeaders } = cors;
  return [
    ...listProblems('allowedOrigins', allowedOrigins, 'leave cors out, or name the origin of the page'),
    ...known(allowedOrigins).flatMap(originProblems),
    ...known(allowedOrigins).includes(EVERY_ORIGIN) && allowedOrigins.length > 1
      ? ["cors.allowedOrigins must not have other origins beside '*', which stands for all: leave them out, or '*'"] : [],
    ...known(allowedOrigins).includes(EVERY_ORIGIN) && cors.allowCredentials
      ? ["cors.allowCredentials must not be true with the origin '*', which browsers refuse with credentials: name the origins, or leave it out"] : [],
    ...allowedHeaders === undefined ? [] : listProblems('allowedHeaders', allowedHeaders, 'leave it out for content-type'),
    ...known(allowedHeaders ?? []).filter((name) => !HEADER.test(name))
      .map((name) => `cors.allowedHeaders must have names of headers, got ${JSON.stringify(name)}`),
    ...checkInteger('cors.maxAge in seconds', cors.maxAge?.toSeconds({ integral: false }), 0, LONGEST_MAX_AGE, 'AWS and browsers keep it for a day at most'),
  ];
}

/** Returns the flags of the LiteRT server. */
export function corsFlags(cors: CorsOptions | undefined): Record<string, string | number | undefined> {
  return cors === undefined ? {} : {
    cors_allow_origins: joined(cors.allowedOrigins),
    cors_allow_headers: cors.allowedHeaders && joined(cors.allowedHeaders),
    cors_max_age_in_seconds: cors.maxAge?.toSeconds(),
  };
}

function listProblems(property: string, values: string[], wayOut: string): string[] {
  if (Token.isUnresolved(values) || (values.length > 0 && values.length <= MOST)) {
    return [];
  }
  return [`cors.${property} must have from 1 to ${MOST} entries, got ${values.length}: ${wayOut}`];
}

function originProblems(origin: string): string[] {
  if (origin === EVERY_ORIGIN || (origin.length <= LONGEST_ORIGIN && isOrigin(origin))) {
    return [];
  }
  return [`cors.allowedOrigins must have origins as browsers send them, got ${JSON.stringify(origin)}: write http:// or https://, a host in lower case, `
    + `and a port unless it is the scheme's, without a path, in at most ${LONGEST_ORIGIN} characters; or '*' for every origin`];
}

/** Tells whether a text is what the standard's own parser writes for it. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/(\[[\da-f:]+\]|[\w.-]+)(:\d+)?$/.test(text) && URL.canParse(text) && new URL(text).origin === text && new URL(text).port !== '0';
}

function known(values: string[]): string[] {
  return Token.isUnresolved(values) ? [] : values.filter((value) => !Token.isUnresolved(value));
}

/** Joins a list that may be a token. */
function joined(values: string[]): string {
  return Token.isUnresolved(values) ? Fn.join(',', values) : values.join(',');
}
