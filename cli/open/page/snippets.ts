import type { Endpoint } from '../endpoint';

/** A request to repeat from a program. */
export interface Repeated {
  readonly endpoint: Endpoint;
  /** Address of the proxy, without a slash at the end. */
  readonly proxy: string;
  /** Below either address. */
  readonly path: string;
  readonly body: unknown;
}

export interface Snippet {
  readonly text: string;
  /** The body where it is too long for a command: the text reads it from this file. */
  readonly file?: string;
}

/** File that a snippet reads a long body from. */
export const BODY_FILE = 'request.json';
const LONGEST_BODY = 8000;

/**
 * Returns a request as a command for a shell.
 *
 * One to be signed goes through the proxy: `curl --aws-sigv4` signs a path as it is written, and AWS expects the colon of `:predict` encoded.
 */
export function curlSnippet({ endpoint: { url, signing }, proxy, path, body }: Repeated): Snippet {
  const json = JSON.stringify(body);
  const isLong = json.length > LONGEST_BODY;
  const text = [
    `curl ${shellWord(`${signing ? proxy : url}${path}`)} \\`,
    '  --header \'Content-Type: application/json\' \\',
    `  --data ${isLong ? `@${BODY_FILE}` : shellWord(json)}`,
    '',
  ].join('\n');
  return { text, ...isLong ? { file: json } : {} };
}

/** Returns a request as a program for Python, of its standard library; with a signature, of botocore too. */
export function pythonSnippet({ endpoint: { url, signing }, path, body }: Omit<Repeated, 'proxy'>): Snippet {
  const json = JSON.stringify(body);
  const isLong = json.length > LONGEST_BODY;
  const profile = signing?.profile ? `profile=${pythonText(signing.profile)}` : '';
  const text = [
    'import json',
    'import urllib.request',
    '',
    ...signing ? [
      'from botocore.auth import SigV4Auth',
      'from botocore.awsrequest import AWSRequest',
      'from botocore.session import Session',
      '',
    ] : [],
    `url = ${pythonText(`${url}${path}`)}`,
    `body = ${isLong ? `json.load(open("${BODY_FILE}"))` : pythonText(body)}`,
    'data = json.dumps(body).encode()',
    'headers = {"Content-Type": "application/json"}',
    ...signing ? [
      'signed = AWSRequest("POST", url, data=data, headers=headers)',
      `SigV4Auth(Session(${profile}).get_credentials(), ${pythonText(signing.service)}, ${pythonText(signing.region)}).add_auth(signed)`,
      'headers = dict(signed.headers)',
    ] : [],
    'with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:',
    '    print(json.load(answer))',
    '',
  ].join('\n');
  return { text, ...isLong ? { file: json } : {} };
}

function shellWord(text: string): string {
  return `'${text.replaceAll('\'', '\'\\\'\'')}'`;
}

/** Returns a value of JSON as Python writes it. */
function pythonText(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(pythonText).join(', ')}]`;
  }
  if (value !== null && typeof value === 'object') {
    return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${pythonText(each)}`).join(', ')}}`;
  }
  return value === true ? 'True' : value === false ? 'False' : value === null ? 'None' : JSON.stringify(value);
}
