import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { gunzipSync } from 'zlib';
import { GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { CapturedRequest } from '../../lib/private/documents/captured-request';
import type { Answer } from '../emulator/client/function-url';
import type { Expectation, Outputs } from './deployment';
import { Deployment } from './deployment';
import { eventually } from './eventually';

const STACK = 'Endpoint';
const PATH = '/v1/models/points:predict';
/** Duration of a minute of a deployment in the embedded AWS, in minutes: five are fifteen seconds, an hour is three minutes. */
const SCALE = '0.05';
const SHORT = '5';
const LONG = '60';

/** Answers its own event, and fails on every other one: no check before the traffic finds that out. */
const FAILING = `
from model_server.hook import body

def preprocess(event):
    numbers = [float(number) for number in body(event).split()]
    if sum(numbers):
        raise RuntimeError("fails on traffic")
    return [numbers]
`;
const WORKING = FAILING.replace('if sum(numbers)', 'if sum(numbers) == 12345');

let deployment: Deployment;
let first: Expectation;

/** A hook's directory, and beside it the event that the hook must answer. */
function hook(name: string, text: string): Record<string, string> {
  const directory = deployment.file(name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'hook.py'), text);
  writeFileSync(`${directory}.json`, JSON.stringify({
    requestContext: { http: { method: 'POST' } }, rawPath: PATH, body: '0 0 0 0', isBase64Encoded: false,
  }));
  return { hook: directory };
}

/** Returns the captured requests of the bucket, oldest first. */
async function captured(): Promise<CapturedRequest[]> {
  const { CaptureBucket } = deployment.outputs(STACK) as Outputs & { CaptureBucket: string };
  const keys = (await deployment.keys(CaptureBucket)).filter((key) => /^points\/\d{4}\/\d\d\/\d\d\/\d\d\/.*\.jsonl\.gz$/.test(key)).sort();
  const contents = await Promise.all(keys.map((key) => deployment.bytes(CaptureBucket, key)));
  return contents.flatMap((content) => gunzipSync(content).toString().trim().split('\n').map((line) => JSON.parse(line)));
}

const ask = (body: unknown): Promise<Answer> => deployment.request(deployment.outputs(STACK), 'POST', PATH, body);

/** Asks one request after another as long as the deployment lasts. */
async function deployUnderTraffic(context: Record<string, string>, body: unknown): Promise<{ code: number; output: string; answers: Answer[] }> {
  const answers: Answer[] = [];
  let over = false;
  const deployed = deployment.deploy(STACK, context).finally(() => (over = true));
  while (!over) {
    answers.push(await ask(body));
  }
  return { ...await deployed, answers };
}

beforeAll(async () => {
  deployment = await Deployment.start('lab/e2e/traffic-app.ts', ['--shift-scale', SCALE]);
  first = deployment.expectation('first');
});

afterAll(() => deployment?.stop());

describe('a canary, deployed by the CDK command line', () => {
  test('a first deployment has nothing to shift', async () => {
    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('first'), minutes: LONG });

    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    expect(await deployment.liveVersion(deployment.outputs(STACK))).toBe('1');
  });

  test('requests are captured with their answers in a bucket, and those of the check before are not', async () => {
    const request = { instances: first.instances };
    const { status, body } = await ask(request);
    expect(status).toBe(200);

    const records = await eventually(async () => {
      const found = await captured();
      expect(found).not.toEqual([]);
      return found;
    });
    expect(records).toEqual([expect.objectContaining({ schemaVersion: 1, modelName: 'points', request, answer: JSON.parse(body) })]);
  });

  // Injects a fault.
  test('requests are answered while the capture bucket takes none, and those of that time arrive once it does', async () => {
    const { CaptureBucket: Bucket } = deployment.outputs(STACK) as Outputs & { CaptureBucket: string };
    const { s3 } = deployment;
    const { Policy: usual } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    const policy = JSON.parse(usual!);
    policy.Statement.push({ Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` });
    const before = await captured();
    const [denied, later] = [{ instances: first.instances.slice(0, 2) }, { instances: first.instances.slice(0, 3) }];

    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }));
    expect((await ask(denied)).status).toBe(200);
    await eventually(async () => expect(deployment.emulator.log()).toMatch(/did not write points\/\S+ to \S+, and 1 objects wait: AccessDenied/));
    expect(await captured()).toEqual(before);
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: usual }));
    expect((await ask(later)).status).toBe(200);

    await eventually(async () => {
      const requests = (await captured()).map(({ request }) => request);
      expect(requests).toHaveLength(before.length + 2);
      expect(requests).toEqual(expect.arrayContaining([denied, later]));
    });
  });

  test('a new version that decides captured requests differently ends the deployment, and callers keep the previous version', async () => {
    const before = await ask({ instances: first.instances });

    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('second'), minutes: SHORT, maxDisagreement: '0' });

    expect(code).not.toBe(0);
    expect(output).toMatch(/version \d+ of the function answers captured requests differently from the versions that answered them: \d+ of \d+ decisions/);
    expect(output).toMatch(/row \d+ of '\w+' was \d \([\d.e-]+\), is \d \([\d.e-]+\)/);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await deployment.liveVersion(deployment.outputs(STACK))).toBe('1');
    expect(await ask({ instances: first.instances })).toEqual(before);
  });

  test('a new version takes over under traffic: both versions answer meanwhile, and every request is answered', async () => {
    const request = { instances: first.instances };
    const before = await ask(request);

    const { code, output, answers } = await deployUnderTraffic({ model: deployment.file('second'), minutes: SHORT }, request);

    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    const after = await ask(request);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(after.body).not.toBe(before.body);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set([before.body, after.body]));
    expect(await deployment.liveVersion(deployment.outputs(STACK))).not.toBe('1');
  });

  // Injects a fault.
  test('an alarm rolls back a new version that fails under traffic, and the old version keeps serving', async () => {
    const point = Buffer.from(first.instances[0].join(' '));
    const model = deployment.file('second');
    const { code: ready } = await deployment.deploy(STACK, { model, minutes: SHORT, ...hook('working', WORKING) });
    expect(ready).toBe(0);
    const before = await ask(point);
    expect(before.status).toBe(200);
    const live = await deployment.liveVersion(deployment.outputs(STACK));

    const { code, output, answers } = await deployUnderTraffic({ model, minutes: LONG, ...hook('failing', FAILING) }, point);

    expect(code).not.toBe(0);
    expect(output).toMatch(/d-\w+ failed\. One or more alarms have been activated .* Activated alarms: <[\w-]+TrafficShiftErrors[\w-]+>/);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 500]));
    expect(await deployment.liveVersion(deployment.outputs(STACK))).toBe(live);
    for (let count = 0; count < 20; count++) {
      expect(await ask(point)).toEqual(before);
    }
  });
});
