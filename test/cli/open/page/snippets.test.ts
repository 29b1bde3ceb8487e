import { execFile } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';
import type { Endpoint } from '../../../../cli/open/endpoint';
import type { Snippet } from '../../../../cli/open/page/snippets';
import { BODY_FILE, curlSnippet, pythonSnippet } from '../../../../cli/open/page/snippets';
import { signatureOf, standingEndpoint } from '../../../../lab/stand_ins/endpoint';

const PYTHON = resolve(__dirname, '..', '..', '..', '..', '.tools', 'python', 'bin', 'python');
const SECRET = 'a secret of the test';
const PATH = '/v1/models/digits:predict';
const SIGNING = { service: 'lambda', region: 'eu-west-1' } as const;
// Timeout for tests that start programs, which takes long on a busy machine.
const TIMEOUT_MILLISECONDS = 240_000;

let work: string;
let endpoint: Awaited<ReturnType<typeof standingEndpoint>>;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'snippets-'));
  endpoint = await standingEndpoint(() => ({ headers: { 'content-type': 'application/json' }, body: '{"predictions": [1.5]}' }));
});

afterEach(() => (endpoint.received.length = 0));

afterAll(async () => {
  await endpoint.close();
  rmSync(work, { recursive: true, force: true });
});

/** Runs a program as somebody does who has copied it, and saved the file beside it. */
async function run(program: string, { text, file }: Snippet): Promise<string> {
  if (file !== undefined) {
    writeFileSync(join(work, BODY_FILE), file);
  }
  const env = { PATH: process.env.PATH, HOME: work, AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: 'the session', NO_PROXY: '*' };
  return (await promisify(execFile)(program, ['-c', text], { cwd: work, env })).stdout;
}

const repeated = (body: unknown, more: Partial<Endpoint> = {}) => ({ endpoint: { url: endpoint.url, ...more }, proxy: `${endpoint.url}/token`, path: PATH, body });
const BODIES: [string, unknown][] = [
  ['numbers', { instances: [[1, 2.5, -3e-7]] }],
  ['text with quotes, lines and other letters', { instances: [{ text: 'it\'s "so"\n\\ $HOME `ls` é 漢 😀', flag: true, none: null, off: false }] }],
  ['more than a command holds well', { signature_name: 'total', instances: [Array.from({ length: 4000 }, (_, index) => index)] }],
];

test.each(BODIES)('the command for a shell sends %s as the page does', async (_, body) => {
  const snippet = curlSnippet(repeated(body));
  expect(await run('bash', snippet)).toBe('{"predictions": [1.5]}');
  expect(endpoint.received).toMatchObject([{ method: 'POST', path: PATH, headers: { 'content-type': 'application/json' } }]);
  expect(JSON.parse(endpoint.received[0].body.toString())).toEqual(body);
}, TIMEOUT_MILLISECONDS);

test.each(BODIES)('the program for Python sends %s as the page does', async (_, body) => {
  expect(await run(PYTHON, pythonSnippet(repeated(body)))).toBe('{\'predictions\': [1.5]}\n');
  expect(endpoint.received).toMatchObject([{ method: 'POST', path: PATH, headers: { 'content-type': 'application/json' } }]);
  expect(JSON.parse(endpoint.received[0].body.toString())).toEqual(body);
}, TIMEOUT_MILLISECONDS);

test('the program for Python signs where the endpoint wants it, by a profile if one was given', async () => {
  await run(PYTHON, pythonSnippet(repeated({ instances: [[1]] }, { signing: SIGNING })));
  const { signature, scope } = signatureOf(endpoint.received[0], SECRET);
  expect(endpoint.received[0].headers.authorization).toContain(`Signature=${signature}`);
  expect(scope).toMatch(/eu-west-1\/lambda/);
  expect(pythonSnippet(repeated({}, { signing: { ...SIGNING, profile: 'my "own"' } })).text).toContain('Session(profile="my \\"own\\"")');
}, TIMEOUT_MILLISECONDS);

test('the command for a shell goes through the proxy where the endpoint wants a signature', async () => {
  await run('bash', curlSnippet(repeated({ instances: [[1]] }, { url: 'https://abc.lambda-url.eu-west-1.on.aws', signing: SIGNING })));
  expect(endpoint.received[0].path).toBe(`/token${PATH}`);
}, TIMEOUT_MILLISECONDS);

test('a body is a file of its own only where it is long', () => {
  expect(curlSnippet(repeated({ instances: [[1]] }))).toEqual({
    text: `curl '${endpoint.url}${PATH}' \\\n  --header 'Content-Type: application/json' \\\n  --data '{"instances":[[1]]}'\n`,
  });
  const long = curlSnippet(repeated({ instances: [Array(9000).fill(0)] }));
  expect(long.text).toContain(`--data @${BODY_FILE}`);
  expect(long.file).toHaveLength(18_017);
});
