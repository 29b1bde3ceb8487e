import { readFileSync } from 'fs';
import { deliveryCommand } from '../../cli/delivery/command';
import type { Expectation, Outputs } from './deployment';
import { Deployment } from './deployment';
import { eventually } from './eventually';
import { deployedOutputs, expectAnswersOf, nextEvent } from './expectations';
import { callAction, callQuery } from './requests';

const KEY = 'models/points.zip';
const SECONDS = 300;

/** The outputs of the stack Delivery of lab/e2e/delivery-app.ts. */
interface Delivering {
  readonly UploadBucket: string;
  readonly StateMachine: string;
  readonly SourceParameter: string;
  readonly ServeParameter: string;
  readonly QueueUrl: string;
}

let deployment: Deployment;
let early: Expectation;
let later: Expectation;
let delivering: Delivering;
let endpoint: Outputs;
const versions: Record<string, string> = {};

const deployed = (stack: string) => deployedOutputs(deployment, stack, { data: deployment.file('first.npz') });
const expectAnswers = (model: Expectation) => expectAnswersOf(deployment, endpoint, model);

async function upload(name: string): Promise<void> {
  versions[name] = await deployment.write(delivering.UploadBucket, KEY, readFileSync(deployment.file(`${name}.zip`)));
}

async function parameter(name: string): Promise<string> {
  return (await callAction(deployment.emulator, 'ssm', 'AmazonSSM.GetParameter', { Name: name })).Parameter.Value;
}

/** The next event of a queue. Deliveries run one after another, and each ends with at most one. */
const heard = (queueUrl = delivering.QueueUrl) => nextEvent(deployment, queueUrl);

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

/** Runs the command line as the role that may operate the delivery, and returns its exit code and what it printed. */
async function operate(...args: string[]): Promise<{ code: number; output: any }> {
  const { OperatorRole } = endpoint as unknown as Record<string, string>;
  const session = await callQuery(deployment.emulator, 'sts', { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: OperatorRole, RoleSessionName: 'operator' });
  const of = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(session)![1];
  const before = { ...process.env };
  Object.assign(process.env, deployment.emulator.environment, {
    AWS_ACCESS_KEY_ID: of('AccessKeyId'), AWS_SECRET_ACCESS_KEY: of('SecretAccessKey'), AWS_SESSION_TOKEN: of('SessionToken'),
  });
  let printed = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    return { code: await deliveryCommand([...args, '--stack', 'Delivery', '--json']), output: JSON.parse(printed) };
  } finally {
    write.mockRestore();
    process.env = before;
  }
}

beforeAll(async () => {
  // A minute of a traffic shift takes a second.
  deployment = await Deployment.start('lab/e2e/delivery-app.ts', ['--shift-scale', '0.017']);
  early = deployment.expectation('early');
  later = deployment.expectation('first');
});

afterAll(() => deployment?.stop());

describe('a model that is delivered by an upload', () => {
  test('is there for the first deployment of the stack that serves it', async () => {
    delivering = await deployed('Delivery') as unknown as Delivering;
    await upload('early');

    expect(await heard()).toMatchObject({ 'detail-type': 'ModelDelivered', 'detail': { objectVersion: versions.early, skipped: ['Endpoint'] } });
    expect(await parameter(delivering.SourceParameter)).toBe(versions.early);
    endpoint = await deployed('Endpoint');
    await expectAnswers(early);
    expect(await heard((endpoint as unknown as Record<string, string>).PublishedQueueUrl)).toMatchObject({
      'detail-type': 'ModelPublished', 'detail': { modelName: 'points', version: '1', bucket: endpoint.ArtifactBucket },
    });
  });

  test('becomes live without a deployment by anybody', async () => {
    await upload('first');

    expect(await heard()).toMatchObject({
      'source': 'cdk-tensorflow', 'detail-type': 'ModelDelivered', 'detail': { outcome: 'DELIVERED', objectVersion: versions.first, skipped: [], serve: 'built' },
    });
    await expectAnswers(later);
    expect(await deployment.status('Endpoint')).toBe('UPDATE_COMPLETE');
    const { deployments } = await callAction(deployment.emulator, 'codedeploy', 'CodeDeploy_20141006.ListDeployments', {});
    expect(deployments).toHaveLength(1);
    expect(await operate('status')).toMatchObject({
      code: 0,
      output: {
        source: versions.first, serve: 'built', running: [],
        endpoints: [{ stack: 'Endpoint', model: 'points', version: '2', objectVersion: versions.first, since: expect.any(String), figures: expect.stringContaining('MB') }],
      },
    });
  });

  test('changes nothing but an event when it is worse than the version that serves', async () => {
    const live = await deployment.liveVersion(endpoint);
    await upload('worse');

    expect(await heard()).toMatchObject({
      'detail-type': 'ModelDeliveryFailed',
      'detail': {
        outcome: 'ROLLED_BACK', objectVersion: versions.worse, failedStack: 'Endpoint',
        reason: expect.stringMatching(/loss of accuracy against the version 2, which serves, of/),
      },
    });
    expect(await parameter(delivering.SourceParameter)).toBe(versions.first);
    expect(await deployment.liveVersion(endpoint)).toBe(live);
    await expectAnswers(later);
  });

  // Injects a fault.
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
    expect(await parameter(delivering.SourceParameter)).toBe(versions.first);
    expect(await deployment.liveVersion(endpoint)).toBe(live);
    await expectAnswers(later);
  });

  // Injects a fault.
  test('is not delivered again by an event that comes twice, or late', async () => {
    const before = await deployment.builds();

    expect(await delivered({ event: true, objectVersion: versions.large })).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'SUPERSEDED' } });
    expect(await delivered({ event: true, objectVersion: versions.early })).toMatchObject({
      status: 'SUCCEEDED', output: { outcome: 'SUPERSEDED', newest: versions.large },
    });

    expect(await deployment.builds()).toBe(before);
    expect(await parameter(delivering.SourceParameter)).toBe(versions.first);
  });

  test('stays, and a refused one stays out, when the unchanged app is deployed', async () => {
    const [builds, live] = [await deployment.builds(), await deployment.liveVersion(endpoint)];

    await deployed('Delivery');
    await deployed('Endpoint');

    expect(await deployment.builds()).toBe(builds);
    expect(await deployment.liveVersion(endpoint)).toBe(live);
    expect(await parameter(delivering.SourceParameter)).toBe(versions.first);
    await expectAnswers(later);
  });

  test('gives way to the version before by the command line, which stays when the unchanged app is deployed', async () => {
    const builds = await deployment.builds();
    const manifestKey = expect.stringMatching(/\/litert\/1\/manifest\.json$/);
    expect(await operate('rollback')).toMatchObject({
      code: 0, output: { executed: false, input: { serve: [{ bucket: endpoint.ArtifactBucket, manifestKey }] } },
    });
    await expectAnswers(later);

    expect(await operate('rollback', '--yes')).toMatchObject({ code: 0, output: { executed: true, delivery: { outcome: 'DELIVERED' } } });
    await expectAnswers(early);
    await deployed('Endpoint');
    await expectAnswers(early);
    expect(await deployment.builds()).toBe(builds);
    expect(await parameter(delivering.SourceParameter)).toBe(versions.first);
  });

  test('comes back by the command line, without a build, and all is in the history', async () => {
    const builds = await deployment.builds();

    expect(await operate('promote', '--object-version', versions.first, '--yes')).toMatchObject({ code: 0, output: { delivery: { outcome: 'DELIVERED' } } });

    await expectAnswers(later);
    expect(await deployment.builds()).toBe(builds);
    const { output: { deliveries } } = await operate('history');
    expect(deliveries.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'DELIVERED', 'DELIVERED', 'SUPERSEDED', 'SUPERSEDED', 'ROLLED_BACK', 'ROLLED_BACK', 'DELIVERED', 'WAITING',
    ]);
  });
});
