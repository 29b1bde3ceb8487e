import { readFileSync } from 'fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Expectation, Outputs } from './deployment';
import { Deployment } from './deployment';
import { deployedOutputs, expectAnswersOf, nextEvent } from './expectations';
import { callAction } from './requests';

const TWO_DAYS = 172_800;

/** The outputs of the stack Delivery of lab/e2e/retention-app.ts. */
interface Delivering {
  readonly UploadBucket: string;
  readonly StateMachine: string;
  readonly QueueUrl: string;
}

/** The outputs of the stack Endpoint of lab/e2e/retention-app.ts. */
interface Endpoint extends Outputs {
  readonly PrunedQueueUrl: string;
  readonly PruningFunction: string;
}

let deployment: Deployment;
let first: Expectation;
let second: Expectation;
let delivering: Delivering;
let endpoint: Endpoint;
/** References to each version in a rollback, by its number, read while it was there. */
const published: Record<string, { bucket: string; manifestKey: string; manifestSha256: string }> = {};

const deployed = (stack: string) => deployedOutputs(deployment, stack);
const expectAnswers = (model: Expectation) => expectAnswersOf(deployment, endpoint, model);

const heard = (queueUrl: string) => nextEvent(deployment, queueUrl);

/** Uploads a model, waits until it is delivered, and remembers which version it became, and which one it replaced. */
async function deliver(name: string): Promise<void> {
  await deployment.write(delivering.UploadBucket, 'models/points.zip', readFileSync(deployment.file(`${name}.zip`)));
  const { detail } = await heard(delivering.QueueUrl);
  expect(detail).toMatchObject({ outcome: 'DELIVERED' });
  for (const { bucket, manifestKey, manifestSha256 } of [...detail.before, ...detail.live]) {
    published[manifestKey.split('/').at(-2)] = { bucket, manifestKey, manifestSha256 };
  }
}

/** Goes back to a version by the delivery, and returns its event. */
async function rollBackTo(version: string): Promise<any> {
  const input = JSON.stringify({ serve: [published[version]] });
  await callAction(deployment.emulator, 'states', 'AWSStepFunctions.StartExecution', { stateMachineArn: delivering.StateMachine, input });
  return (await heard(delivering.QueueUrl)).detail;
}

/** Numbers of the versions that have an object or an old version of one, the markers of deleted ones included. */
async function versionsInBucket(): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await deployment.s3.send(new ListObjectVersionsCommand({ Bucket: endpoint.ArtifactBucket }));
  const numbers = [...Versions, ...DeleteMarkers].flatMap(({ Key }) => /\/(?:litert\/(\d+)\/|golden\/(\d+)\.|keys\/\w+\/(\d+)\.)/.exec(Key!)?.slice(1) ?? []);
  return [...new Set(numbers.filter((number) => number !== undefined))].sort();
}

/** Returns the plan of a run now. */
async function dryRun(): Promise<any> {
  const { emulator } = deployment;
  const client = new LambdaClient({ endpoint: emulator.endpoint, region: emulator.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  const { Payload } = await client.send(new InvokeCommand({ FunctionName: endpoint.PruningFunction, Payload: '{"dryRun": true}' }));
  return JSON.parse(Buffer.from(Payload!).toString('utf8'));
}

beforeAll(async () => {
  deployment = await Deployment.start('lab/e2e/retention-app.ts', ['--object-age', String(TWO_DAYS)]);
  first = deployment.expectation('first');
  second = deployment.expectation('second');
});

afterAll(() => deployment?.stop());

describe('the versions of a delivered model', () => {
  test('are all kept while there are two', async () => {
    delivering = await deployed('Delivery') as unknown as Delivering;
    await deliver('first');
    endpoint = await deployed('Endpoint') as Endpoint;
    await deliver('second');

    await expectAnswers(second);
    expect(await dryRun()).toMatchObject({ pruned: [], kept: [{ version: '1' }, { version: '2' }], postponed: '' });
    expect(await versionsInBucket()).toEqual(['1', '2']);
  });

  test('are pruned after the update that makes a third one live, with their builds, and listed', async () => {
    await deliver('first');

    expect(await heard(endpoint.PrunedQueueUrl)).toMatchObject({
      'detail-type': 'ModelPruned', 'detail': { modelName: 'points', versions: [{ version: '1', manifestKey: published['1'].manifestKey }], builds: 1 },
    });
    expect(await versionsInBucket()).toEqual(['2', '3']);
    const [listed] = (await deployment.keys(endpoint.ArtifactBucket)).filter((key) => key.includes('/pruned/'));
    expect(JSON.parse(await deployment.text(endpoint.ArtifactBucket, listed))).toMatchObject({ state: 'PRUNED', version: '1' });
    await expectAnswers(first);
  });

  test('serve again after a rollback to one that is kept, which stays kept', async () => {
    expect(await rollBackTo('2')).toMatchObject({ outcome: 'DELIVERED' });

    await expectAnswers(second);
    const { kept, pruned } = await dryRun();
    expect(pruned).toEqual([]);
    expect(kept).toEqual([
      { version: '2', reason: expect.stringMatching(/^the stack .*:stack\/Endpoint\/.* serves it$/) },
      { version: '3', reason: expect.stringMatching(/^the stack .*:stack\/Endpoint\/.* served it before, or tried to$/) },
    ]);
  });

  // Injects a fault.
  test('do not come back once they are pruned, and the delivery says so', async () => {
    expect(await rollBackTo('1')).toMatchObject({ outcome: 'ROLLED_BACK', reason: expect.stringMatching(/version 1 of s3:\/\/\S+ was pruned by the retention/) });

    expect(await deployment.status('Endpoint')).toBe('UPDATE_ROLLBACK_COMPLETE');
    await expectAnswers(second);
    expect(await versionsInBucket()).toEqual(['2', '3']);
  });
});
