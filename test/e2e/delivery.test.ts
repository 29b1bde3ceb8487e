import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import type { Expectation, Outputs } from './deployment';
import { Deployment } from './deployment';
import { eventually } from './eventually';
import { callAction } from './requests';

const KEY = 'models/points.zip';
const TOLERANCE = 0.05;
const SECONDS = 300;

/** The outputs of the stack Delivery of test/e2e/delivery-app.ts. */
interface Delivering {
  readonly UploadBucket: string;
  readonly StateMachine: string;
  readonly SourceParameter: string;
  readonly ServeParameter: string;
  readonly QueueUrl: string;
}

let deployment: Deployment;
let first: Expectation;
let second: Expectation;
let delivering: Delivering;
let endpoint: Outputs;
const versions: Record<string, string> = {};

async function deployed(stack: string): Promise<Outputs> {
  const { code, output } = await deployment.deploy(stack, {});
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  return deployment.outputs(stack);
}

async function expectAnswersOf(model: Expectation): Promise<void> {
  const actual = await deployment.predict(endpoint, model.instances);
  const differences = model.predictions.flatMap((row, index) => row.map((value, column) => Math.abs(value - actual[index][column])));
  expect(Math.max(...differences)).toBeLessThan(TOLERANCE);
}

async function upload(name: string): Promise<void> {
  versions[name] = await deployment.write(delivering.UploadBucket, KEY, readFileSync(deployment.file(`${name}.zip`)));
}

async function parameter(name: string): Promise<string> {
  return (await callAction(deployment.emulator, 'ssm', 'AmazonSSM.GetParameter', { Name: name })).Parameter.Value;
}

/** The next event. Deliveries run one after another, and each ends with at most one. */
function heard(): Promise<any> {
  return eventually(async () => {
    const request = { QueueUrl: delivering.QueueUrl, MaxNumberOfMessages: 1 };
    const { Messages: messages = [] } = await callAction(deployment.emulator, 'sqs', 'AmazonSQS.ReceiveMessage', request);
    expect(messages).toHaveLength(1);
    await callAction(deployment.emulator, 'sqs', 'AmazonSQS.DeleteMessage', { QueueUrl: delivering.QueueUrl, ReceiptHandle: messages[0].ReceiptHandle });
    return JSON.parse(messages[0].Body);
  }, SECONDS);
}

const states = (action: string, parameters: object) => callAction(deployment.emulator, 'states', `AWSStepFunctions.${action}`, parameters);

/** Starts an execution, and returns it when it has ended. */
async function delivered(input: object): Promise<{ status: string; output: any }> {
  const { executionArn } = await states('StartExecution', { stateMachineArn: delivering.StateMachine, input: JSON.stringify(input) });
  return eventually(async () => {
    const { status, output } = await states('DescribeExecution', { executionArn });
    expect(status).not.toBe('RUNNING');
    return { status, output: JSON.parse(output) };
  }, SECONDS);
}

beforeAll(async () => {
  deployment = await Deployment.start('test/e2e/delivery-app.ts');
  first = deployment.expectation('first');
  second = deployment.expectation('second');
});

afterAll(() => deployment?.stop());

describe('a model that is delivered by an upload', () => {
  test('is there for the first deployment of the stack that serves it', async () => {
    delivering = await deployed('Delivery') as unknown as Delivering;
    await upload('first');

    expect(await heard()).toMatchObject({ 'detail-type': 'ModelDelivered', 'detail': { objectVersion: versions.first, skipped: ['Endpoint'] } });
    expect(await parameter(delivering.SourceParameter)).toBe(versions.first);
    endpoint = await deployed('Endpoint');
    await expectAnswersOf(first);
  });

  test('becomes live without a deployment by anybody', async () => {
    await upload('second');

    expect(await heard()).toMatchObject({
      'source': 'cdk-tensorflow', 'detail-type': 'ModelDelivered', 'detail': { outcome: 'DELIVERED', objectVersion: versions.second, skipped: [], serve: 'built' },
    });
    await expectAnswersOf(second);
    expect(await deployment.status('Endpoint')).toBe('UPDATE_COMPLETE');
  });

  // Fault: the gate refuses an upload | an event with the reason and the candidates | the previous version, which answers afterwards
  test('changes nothing but an event when the gate refuses it', async () => {
    const live = await deployment.liveVersion(endpoint);
    await upload('large');

    expect(await heard()).toMatchObject({
      'detail-type': 'ModelDeliveryFailed',
      'detail': {
        outcome: 'ROLLED_BACK', objectVersion: versions.large, failedStack: 'Endpoint',
        reason: expect.stringMatching(/Custom::TensorFlowModelBuild[\s\S]*float16[\s\S]*allowed at most 65,536/),
      },
    });
    expect(await deployment.status('Endpoint')).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await parameter(delivering.SourceParameter)).toBe(versions.second);
    expect(await deployment.liveVersion(endpoint)).toBe(live);
    await expectAnswersOf(second);
  });

  // Fault: the event of an upload comes twice, or after that of a newer one | nothing: the delivery ends as superseded | what served before
  test('is not delivered again by an event that comes twice, or late', async () => {
    const before = await deployment.builds();

    expect(await delivered({ event: true, objectVersion: versions.large })).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'SUPERSEDED' } });
    expect(await delivered({ event: true, objectVersion: versions.first })).toMatchObject({
      status: 'SUCCEEDED', output: { outcome: 'SUPERSEDED', newest: versions.large },
    });

    expect(await deployment.builds()).toBe(before);
    expect(await parameter(delivering.SourceParameter)).toBe(versions.second);
  });

  test('stays, and a refused one stays out, when the unchanged app is deployed', async () => {
    const [builds, live] = [await deployment.builds(), await deployment.liveVersion(endpoint)];

    await deployed('Delivery');
    await deployed('Endpoint');

    expect(await deployment.builds()).toBe(builds);
    expect(await deployment.liveVersion(endpoint)).toBe(live);
    expect(await parameter(delivering.SourceParameter)).toBe(versions.second);
    await expectAnswersOf(second);
  });

  test('gives way to a published version on request, which stays when the unchanged app is deployed', async () => {
    const builds = await deployment.builds();
    const manifestKey = (await deployment.keys(endpoint.ArtifactBucket)).find((key) => key.endsWith('/litert/1/manifest.json'))!;
    const manifestSha256 = createHash('sha256').update(await deployment.bytes(endpoint.ArtifactBucket, manifestKey)).digest('hex');

    const { status, output } = await delivered({ serve: [{ bucket: endpoint.ArtifactBucket, manifestKey, manifestSha256 }] });

    expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'DELIVERED' } });
    await expectAnswersOf(first);
    await deployed('Endpoint');
    await expectAnswersOf(first);
    expect(await deployment.builds()).toBe(builds);
    expect(await parameter(delivering.SourceParameter)).toBe(versions.second);
  });
});
