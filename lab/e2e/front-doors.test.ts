import { execFile } from 'child_process';
import { readFileSync } from 'fs';
import { request } from 'http';
import { join } from 'path';
import { promisify } from 'util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { status } from '@grpc/grpc-js';
import { predictDirectly } from '../../examples/clients/typescript/direct-client';
import { GrpcModelClient } from '../../examples/clients/typescript/grpc-client';
import { ModelClient } from '../../examples/clients/typescript/model-client';
import { StandInServer } from '../stand_ins/serving-process';
import type { Expectation, Outputs } from './deployment';
import { Deployment, ROOT } from './deployment';
import { callAction } from './requests';

const STACK = 'FrontDoors';
/** Decimal places to compare: a model without data becomes float16. */
const DIGITS = 2;
const NO_CONTENT = 204;

/** The outputs of lab/e2e/front-doors-app.ts. */
interface FrontDoors extends Outputs {
  readonly HttpApi: string;
  readonly RestApi: string;
  readonly SignedApi: string;
  readonly KeyedApi: string;
  readonly FirstKey: string;
  readonly ShopKey: string;
  readonly Requests: string;
  readonly Answers: string;
  readonly Bucket: string;
  readonly ExplorerUrl: string;
}

let deployment: Deployment;
let first: Expectation;
let outputs: FrontDoors;

const rounded = (rows: number[][]) => rows.map((row) => row.map((value) => value.toFixed(DIGITS)));

/** Sends a request to an API of API Gateway, by the path that the embedded AWS has for it. */
async function api(
  id: string, stage: string, path: string, body?: Uint8Array, type = 'application/json', headers: Record<string, string> = {},
): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${deployment.emulator.endpoint}/_aws/execute-api/${id}/${stage}${path}`, {
    method: body ? 'POST' : 'GET', body: body && Buffer.from(body), headers: { 'content-type': type, ...headers },
  });
  return { status: answer.status, body: await answer.json() };
}

/** Headers of a request to a service that is signed. The embedded AWS does not compare the signature. */
const signature = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=test/20261201/${deployment.emulator.region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

/** Returns the value of an API key, as `aws apigateway get-api-key --include-value` does. */
async function keyValue(id: string): Promise<string> {
  const answer = await fetch(`${deployment.emulator.endpoint}/apikeys/${id}?includeValue=true`, { headers: signature('apigateway') });
  return ((await answer.json()) as { value: string }).value;
}

const sqs = (action: string, parameters: object) => callAction(deployment.emulator, 'sqs', `AmazonSQS.${action}`, parameters);

async function until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    const found = await find();
    if (found !== undefined) {
      return found;
    }
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(`${what} did not come:\n${deployment.emulator.log().slice(-3000)}`);
}

/** Sends a request for a function URL to the embedded AWS, which knows the host, but not TLS. */
const viaEmbeddedAws: typeof fetch = (input, init) => new Promise((done, fail) => {
  const { hostname, pathname } = new URL(input as URL);
  const headers = { ...init!.headers as Record<string, string>, host: hostname };
  const outgoing = request({ host: '127.0.0.1', port: deployment.emulator.port, method: init!.method, path: pathname, headers }, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => done(new Response(incoming.statusCode === NO_CONTENT ? null : Buffer.concat(chunks), {
      status: incoming.statusCode, headers: incoming.headers as Record<string, string>,
    })));
  });
  outgoing.on('error', fail);
  outgoing.end(init!.body as string | undefined);
});

beforeAll(async () => {
  deployment = await Deployment.start('lab/e2e/front-doors-app.ts');
  first = deployment.expectation('first');
  const { code, output } = await deployment.deploy(STACK, { model: deployment.file('first') });
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  outputs = deployment.outputs(STACK) as FrontDoors;
}, 1_200_000); // the whole deployment, where every other file's first test has most of it

afterAll(() => deployment?.stop());

describe.each<[string, () => [string, string]]>([
  ['an HTTP API', () => [outputs.HttpApi, '$default']],
  ['a REST API', () => [outputs.RestApi, 'prod']],
])('%s', (_, which) => {
  test.each([['text', 'application/json'], ['base64, of another type', 'application/octet-stream']])('hands a body on as %s', async (__, type) => {
    const { status, body } = await api(...which(), '/v1/models/points:predict', Buffer.from(JSON.stringify({ instances: first.instances })), type);

    expect(status).toBe(200);
    expect(rounded(body.predictions)).toEqual(rounded(first.predictions));
  });

  test('returns a refusal unchanged', async () => {
    const { status, body } = await api(...which(), '/v1/models/points:predict', Buffer.from('{"instances": [[1]]}'), 'application/json');

    expect([status, Object.keys(body)]).toEqual([400, ['error']]);
  });
});

describe('one API for two models', () => {
  const rows = () => Buffer.from(JSON.stringify({ instances: first.instances }));
  const signed = (path: string, body?: Uint8Array, headers: Record<string, string> = signature('execute-api')) =>
    api(outputs.SignedApi, '$default', path, body, undefined, headers);
  const keyed = (path: string, headers: Record<string, string>) => api(outputs.KeyedApi, 'prod', path, rows(), undefined, headers);

  test.each(['points', 'mirror'])('calls the function of the model %s by its name', async (name) => {
    const { status, body } = await signed(`/v1/models/${name}:predict`, rows());

    expect([status, rounded(body.predictions)]).toEqual([200, rounded(first.predictions)]);
    expect((await signed(`/v1/models/${name}`)).body.model_version_status).toHaveLength(1);
    expect((await signed(`/v1/models/${name}/metadata`)).body.model_spec.name).toBe(name);
    expect((await signed(`/v2/models/${name}`)).body.name).toBe(name);
    expect((await signed(`/v2/models/${name}/ready`)).status).toBe(200);
  });

  test('knows no other name, and none of the methods that the functions lack', async () => {
    expect((await signed('/v1/models/other:predict', rows())).status).toBe(404);
    expect((await signed('/v1/models/points', rows())).status).toBe(404);
    expect((await signed('/v2')).status).toBe(404);
  });

  test('refuses requests without a signature', async () => {
    expect((await signed('/v1/models/points:predict', rows(), {})).status).toBe(403);
  });

  test('with keys: refuses requests without one, and those of a caller above its limits, and of no other', async () => {
    const [key, other] = await Promise.all([outputs.FirstKey, outputs.ShopKey].map(keyValue));
    expect((await keyed('/v1/models/points:predict', {})).status).toBe(403);
    expect((await keyed('/v1/models/points:predict', { 'x-api-key': `${key}0` })).status).toBe(403);

    for (const name of ['points', 'mirror', 'points']) {
      const { status, body } = await keyed(`/v1/models/${name}:predict`, { 'x-api-key': key });
      expect([status, rounded(body.predictions)]).toEqual([200, rounded(first.predictions)]);
    }
    expect(await keyed('/v1/models/points:predict', { 'x-api-key': key })).toEqual({ status: 429, body: { message: 'Limit Exceeded' } });
    expect(await keyed('/v1/models/points:predict', { 'x-api-key': key })).toEqual({ status: 429, body: { message: 'Too Many Requests' } });

    expect((await keyed('/v1/models/mirror:predict', { 'x-api-key': other })).status).toBe(200);
  });
});

test.each<[string, () => string]>([
  ['a function URL', () => `http://${new URL(outputs.Url).hostname.split('.')[0]}.lambda-url.${deployment.emulator.region}.localhost`],
  ['an HTTP API', () => `http://${outputs.SignedApi}.execute-api.localhost`],
])('%s answers the preflight requests of pages that cors names, without a signature, and lets no other page read', async (_, address) => {
  const ask = (method: string, origin: string) => viaEmbeddedAws(new URL('/v1/models/points:predict', address()), { method, headers: { origin } });

  const { status, headers } = await ask('OPTIONS', 'https://www.example.com');
  expect([status < 300, headers.get('access-control-allow-origin')]).toEqual([true, 'https://www.example.com']);
  expect(headers.get('access-control-allow-headers')!.split(',').sort()).toEqual(['authorization', 'content-type', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']);
  expect((await ask('OPTIONS', 'https://other.example')).headers.get('access-control-allow-origin')).toBeNull();
  expect((await ask('POST', 'https://www.example.com')).status).toBe(403);
});

test('a queue: each message gets its prediction, and only a refused message comes again', async () => {
  const entries = [...first.instances, [1, 2]].map((instance, index) => ({ Id: `m${index}`, MessageBody: JSON.stringify(instance) }));
  const sent = (await sqs('SendMessageBatch', { QueueUrl: outputs.Requests, Entries: entries })) as { Successful: { Id: string; MessageId: string }[] };
  const ids = entries.map(({ Id }) => sent.Successful.find((entry) => entry.Id === Id)!.MessageId);

  const answers = new Map<string, number[]>();
  await until('the answers', async () => {
    const { Messages: messages = [] } = await sqs('ReceiveMessage', { QueueUrl: outputs.Answers, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] });
    for (const message of messages) {
      answers.set(message.MessageAttributes.request.StringValue, JSON.parse(message.Body));
    }
    return answers.size >= first.instances.length ? answers : undefined;
  });

  expect(rounded(ids.slice(0, -1).map((id) => answers.get(id)!))).toEqual(rounded(first.predictions));
  expect(answers.has(ids.at(-1)!)).toBe(false);
  // Lambda deletes what was answered after the function has returned, when the answers are in their queue already.
  await until('the refused message to be alone', async () => {
    const { Attributes: left } = await sqs('GetQueueAttributes', { QueueUrl: outputs.Requests, AttributeNames: ['All'] });
    return Number(left.ApproximateNumberOfMessages) + Number(left.ApproximateNumberOfMessagesNotVisible) === 1 || undefined;
  });
});

test('a bucket: an object gets its answer, whatever its name', async () => {
  await deployment.write(outputs.Bucket, 'requests/two words.json', JSON.stringify({ instances: first.instances }));

  const key = 'answers/two words.json';
  await until(key, async () => (await deployment.keys(outputs.Bucket)).find((found) => found === key));
  const { predictions } = JSON.parse(await deployment.text(outputs.Bucket, key)) as Expectation;
  expect(rounded(predictions)).toEqual(rounded(first.predictions));
});

test('a browser gets the page from the function that serves it, without a signature, and from no other', async () => {
  const open = (url: string) => viaEmbeddedAws(new URL('/v1/models/points/explorer', url), { method: 'GET', headers: {} });
  const page = await open(outputs.ExplorerUrl);

  expect([page.status, page.headers.get('content-type'), page.headers.get('content-security-policy')]).toEqual([200, 'text/html; charset=utf-8', 'frame-ancestors \'none\'']);
  expect(await page.text()).toBe(readFileSync(join(ROOT, 'server', 'src', 'rest', 'explorer.html'), 'utf8'));
  const answer = await viaEmbeddedAws(new URL('/v1/models/points:predict', outputs.ExplorerUrl), { method: 'POST', body: JSON.stringify({ instances: first.instances }), headers: {} });
  expect(rounded((await answer.json() as Expectation).predictions)).toEqual(rounded(first.predictions));
  expect((await open(outputs.Url)).status).toBe(403);
  expect((await fetch(`${deployment.emulator.endpoint}/_aws/execute-api/${outputs.HttpApi}/$default/v1/models/points/explorer`)).status).toBe(404);
});

describe('the example clients', () => {
  let server: StandInServer;

  beforeAll(async () => {
    server = await StandInServer.start('points', deployment.file('first'), deployment.file('serving'));
    Object.assign(process.env, deployment.emulator.environment); // of this file alone: Jest gives each its own
  });

  afterAll(() => server?.stop());

  test.each<[string, () => ModelClient]>([
    ['a function', () => new ModelClient({ url: outputs.Url, model: 'points', fetch: viaEmbeddedAws })],
    ['a service or a fleet', () => new ModelClient({ url: `http://127.0.0.1:${server.restPort}`, model: 'points' })],
  ])('in TypeScript, the same client requests %s', async (_, make) => {
    const client = make();

    expect(rounded(await client.predict<number[]>(first.instances))).toEqual(rounded(first.predictions));
    expect(await client.metadata()).toHaveProperty('metadata.signature_def');
    await expect(client.predict([[1]])).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/./) });
  });

  test('in TypeScript, the function is invoked directly', async () => {
    const client = new LambdaClient({ endpoint: deployment.emulator.endpoint, region: deployment.emulator.region });

    expect(rounded(await predictDirectly<number[]>(outputs.FunctionName, first.instances, client))).toEqual(rounded(first.predictions));
    await expect(predictDirectly(outputs.FunctionName, [[1]], client)).rejects.toThrow(/./);
  });

  test('in TypeScript, a service or a fleet answers by gRPC', async () => {
    const client = new GrpcModelClient(`127.0.0.1:${server.grpcPort}`, 'points');
    const point = { shape: [first.instances.length, first.instances[0].length], values: Float32Array.from(first.instances.flat()) };

    const [{ shape, values }] = Object.values(await client.predict({ point }));

    const width = shape[1];
    expect(shape).toEqual([first.instances.length, first.predictions[0].length]);
    expect(rounded(first.predictions.map((_, row) => Array.from(values, Number).slice(row * width, (row + 1) * width)))).toEqual(rounded(first.predictions));
    await expect(client.predict({ point: { shape: [1, 1], values: Float32Array.of(1) } })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    client.close();
  });

  test('in Python, the same client sends REST requests to all three; direct invocation and gRPC have their own clients', async () => {
    const asked = {
      functionUrl: outputs.Url, functionName: outputs.FunctionName, port: deployment.emulator.port,
      restPort: server.restPort, grpcPort: server.grpcPort, instances: first.instances,
    };
    const python = join(ROOT, '.tools', 'python', 'bin', 'python');
    const { stdout } = await promisify(execFile)(python, [join(__dirname, 'ask_clients.py'), JSON.stringify(asked)], { env: { ...process.env } });

    const answers = JSON.parse(stdout) as Record<string, any>;
    for (const client of ['lambda', 'server', 'direct', 'grpc']) {
      expect([client, rounded(answers[client])]).toEqual([client, rounded(first.predictions)]);
    }
    expect(answers.refused).toEqual([400, 400]);
    // The function also says how many rows it computes at once.
    expect(answers.metadata).toEqual([['signature_def', 'batch'], ['signature_def']]);
  });
});
