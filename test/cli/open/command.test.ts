import { execFile, spawn } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';
import { ask, standingEndpoint } from '../../../lab/stand_ins/endpoint';

const ROOT = resolve(__dirname, '..', '..', '..');
// Each run starts Node.js, which takes long on a busy machine.
const PATIENCE = 240_000;
const LARGEST_PAGE = 200_000;

let work: string;
let program: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'open-'));
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts', 'package', 'command.mjs'), join(work, 'bundle')], { cwd: ROOT });
  program = join(work, 'bundle', 'cdk-tensorflow.js');
}, PATIENCE);

afterAll(() => rmSync(work, { recursive: true, force: true }));

const environment = () => ({ PATH: process.env.PATH, HOME: work, AWS_EC2_METADATA_DISABLED: 'true' });

test.each(['SIGINT', 'SIGTERM'] as const)('the bundled command serves its page and the endpoint until %s, and ends well', async (signal) => {
  const endpoint = await standingEndpoint(() => ({ body: '{}' }));
  const child = spawn(process.execPath, [program, 'open', `${endpoint.url}/v1/models/digits`], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const printed = await new Promise<string>((resolve) => {
    let text = '';
    child.stdout.on('data', (part: Buffer) => ((text += String(part)), text.includes('Ctrl-C') && resolve(text)));
  });
  const [, address] = /Page +(\S+)/.exec(printed)!;
  const { pathname } = new URL(address);

  expect((await ask(address, pathname)).body.toString()).toBe(readFileSync(join(work, 'bundle', 'page.html'), 'utf8'));
  expect((await ask(address, `${pathname}v1/models/digits`)).status).toBe(200);
  child.kill(signal);
  expect(await ended).toBe(0);
  expect(endpoint.received.map(({ path }) => path)).toEqual(['/v1/models/digits']);
  await endpoint.close();
}, PATIENCE);

test('without credentials it says so, and ends with 2', async () => {
  const run = promisify(execFile)(process.execPath, [program, 'open', 'https://abc.lambda-url.eu-west-1.on.aws'], { env: environment() });
  const sentence = /^no credentials to sign with were found \(.*\): give --profile, .* or give --unsigned/;
  await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) });
}, PATIENCE);

test('the page is one small file, which allows only what is in it, and asks no other host', () => {
  const page = readFileSync(join(work, 'bundle', 'page.html'), 'utf8');
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(page)!;
  const [[, script], [, style]] = [/<script>([^]*)<\/script>/.exec(page)!, /<style>([^]*)<\/style>/.exec(page)!];

  expect(Buffer.byteLength(page)).toBeLessThan(LARGEST_PAGE);
  expect(policy.split('; ')).toEqual([
    'default-src \'none\'', `script-src ${hashOf(script)}`, `style-src ${hashOf(style)}`, 'connect-src \'self\'', 'img-src data: blob:',
    'base-uri \'none\'', 'form-action \'none\'', 'require-trusted-types-for \'script\'', 'trusted-types \'none\'',
  ]);
  expect(page).not.toMatch(/ style=| on[a-z]+="|\{\{/);
  expect(page.match(/https?:\/\/[^'"\s]+/g)).toBeNull();
});
