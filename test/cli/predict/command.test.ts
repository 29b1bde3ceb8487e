import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { join } from 'path';
import type { Received } from '../../../lab/stand_ins/endpoint';
import { signatureOf, standingEndpoint } from '../../../lab/stand_ins/endpoint';
import { bundleInto, openDirectory, PYTHON, ROOT, run } from '../optimizer/installed-package';

const SECRET = 'a secret of the test';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: 'the session' };

const tensor = { dtype: 'DT_FLOAT', name: '', tensor_shape: { dim: [{ size: '-1', name: '' }, { size: '2', name: '' }], unknown_rank: false } };
const METADATA = JSON.stringify({
  metadata: { signature_def: { signature_def: { serving_default: { inputs: { x: tensor }, outputs: { y: tensor }, method_name: 'tensorflow/serving/predict' } } } },
});

let work: string;
let program: string;
let endpoint: Awaited<ReturnType<typeof standingEndpoint>>;

/** Answers three times the input. */
function triple({ path, body }: Received) {
  const headers = { 'content-type': 'application/json' };
  if (path.endsWith('/metadata')) {
    return { headers, body: METADATA };
  }
  const { inputs } = JSON.parse(body.toString()) as { inputs: { x: number[][] } };
  return { headers, body: JSON.stringify({ outputs: inputs.x.map((row) => row.map((value) => value * 3)) }) };
}

beforeAll(() => {
  work = openDirectory('predict-');
  bundleInto(join(work, 'cli', 'dist'));
  program = join(work, 'cli', 'dist', 'cdk-tensorflow.js');
  // The optimizer of this clone, below the bundle as in the package.
  ['optimizer', 'runtime'].forEach((room) => symlinkSync(join(ROOT, room), join(work, room)));
  mkdirSync(join(work, 'rows'));
  writeFileSync(join(work, 'rows', 'rows.csv'), 'x/0,x/1\n1,2\n3.5,-4\n');
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeEach(async () => {
  endpoint = await standingEndpoint(triple);
});

afterEach(() => endpoint.close());

const predict = (...args: string[]) => run(program, ['predict', '--python', PYTHON, ...args], CREDENTIALS);

test('a served model is asked with signed requests, and neither credentials nor the address of this machine are printed', async () => {
  const ended = await predict(`${endpoint.url}/prod/v1/models/m`, join(work, 'rows', 'rows.csv'), '--json', '--service', 'execute-api', '--region', 'eu-west-1');

  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout.trim().split('\n').map((line) => JSON.parse(line))).toEqual([
    { row: 1, outputs: { y: [3, 6] } }, { row: 2, outputs: { y: [10.5, -12] } },
  ]);
  expect(endpoint.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /prod/v1/models/m/metadata', 'POST /prod/v1/models/m:predict']);
  for (const received of endpoint.received) {
    const { signature, scope } = signatureOf(received, SECRET);
    expect(scope).toMatch(/^\d{8}\/eu-west-1\/execute-api\/aws4_request$/);
    expect(received.headers.authorization).toContain(`Signature=${signature}`);
  }
});

test('a model that does not answer ends the command with 1, by the name that it was given', async () => {
  await endpoint.close();
  const target = `${endpoint.url}/v1/models/m`;
  const { code, stdout, stderr } = await predict(target, join(work, 'rows', 'rows.csv'));
  endpoint = await standingEndpoint(triple);

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`error: ${target}: it answered 502, ${endpoint.url.replace(/:\d+$/, '')}`);
  expect(stderr).toContain('ECONNREFUSED');
  expect(stderr.split('\n').filter(Boolean)).toHaveLength(1);
});

test('the help has the options of both programs', async () => {
  const { code, stdout } = await predict('--help');
  expect(code).toBe(0);
  ['--compare', '--tolerance', 'stack:NAME.OUTPUT', '--profile NAME', '--python PATH'].forEach((text) => expect(stdout).toContain(text));
});
