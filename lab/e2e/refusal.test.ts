import type { Expectation, Outputs } from './deployment';
import { Deployment } from './deployment';
import { expectAnswersOf, expectDeployed, receiveEvents } from './expectations';
import { callQuery } from './requests';

const STACK = 'Endpoint';

/** The outputs of lab/e2e/refusal-app.ts, and the one that the library adds, by a name without hash. */
interface Refusals extends Outputs {
  readonly Refusal: string;
  readonly QueueUrl: string;
  readonly Alarm: string;
}

let deployment: Deployment;
let first: Expectation;
let second: Expectation;

function outputs(): Refusals {
  const named = Object.entries(deployment.outputs(STACK)).map(([name, value]) => [name.startsWith('PointsOptimizerBuildRefusal') ? 'Refusal' : name, value]);
  return Object.fromEntries(named) as Refusals;
}

/** Context that deploys one of the models with its data. */
const serving = (name: string, changed: Record<string, string> = {}) => ({ model: deployment.file(name), data: deployment.file(`${name}.npz`), ...changed });

/** Returns an app whose gate refuses every candidate: none is as small as a kibibyte. */
const refused = (changed: Record<string, string> = {}) => serving('second', { maxSizeKibibytes: '1', ...changed });

const deployed = (context: Record<string, string>) => expectDeployed(deployment, STACK, context);
const expectAnswers = (model: Expectation) => expectAnswersOf(deployment, outputs(), model);
const heard = () => receiveEvents(deployment, outputs().QueueUrl);

const cloudWatch = (parameters: Record<string, string>) => callQuery(deployment.emulator, 'monitoring', { Version: '2010-08-01', ...parameters });

/** The sum, over the last hours, of the very metric that the alarm watches. */
async function alarmedRefusals(): Promise<number> {
  const alarm = await cloudWatch({ 'Action': 'DescribeAlarms', 'AlarmNames.member.1': outputs().Alarm });
  const value = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(alarm)![1];
  const dimensions = [...alarm.matchAll(/<Name>([^<]*)<\/Name>\s*<Value>([^<]*)<\/Value>/g)];
  const now = Date.now();
  const statistics = await cloudWatch({
    'Action': 'GetMetricStatistics', 'Namespace': value('Namespace'), 'MetricName': value('MetricName'), 'Period': '86400', 'Statistics.member.1': 'Sum',
    'StartTime': new Date(now - 86_400_000).toISOString(), 'EndTime': new Date(now + 86_400_000).toISOString(),
    ...Object.fromEntries(dimensions.flatMap(([, name, is], index) => [
      [`Dimensions.member.${index + 1}.Name`, name], [`Dimensions.member.${index + 1}.Value`, is],
    ])),
  });
  return [...statistics.matchAll(/<Sum>([^<]*)<\/Sum>/g)].reduce((sum, [, value]) => sum + Number(value), 0);
}

beforeAll(async () => {
  deployment = await Deployment.start('lab/e2e/refusal-app.ts');
  first = deployment.expectation('first');
  second = deployment.expectation('second');
});

afterAll(() => deployment?.stop());

describe('a model that the gate refuses, with KEEP_PREVIOUS', () => {
  test('fails the first deployment, which has nothing to keep', async () => {
    const { code, output } = await deployment.deploy(STACK, refused());

    expect(code).not.toBe(0);
    expect(output).toContain('No version can be kept: this is the first deployment of the model, and none has served.');
    expect(output).toMatch(/dynamicRange[\s\S]*float16/);
  });

  // Injects a fault.
  test('leaves the previous version serving, and says why in an output', async () => {
    await deployed(serving('first'));
    expect(outputs().Refusal).toBe('none');
    await expectAnswers(first);
    const live = await deployment.liveVersion(outputs());
    const before = outputs();

    await deployed(refused());

    const why = /^Version 1 is kept, the new model was refused: .*size 3,240 bytes, allowed at most 1,024.* Report: s3:\/\/\S+\/report\.html$/;
    expect(outputs()).toEqual({ ...before, Refusal: expect.stringMatching(why) });
    expect(await deployment.status(STACK)).toBe('UPDATE_COMPLETE');
    expect(await deployment.liveVersion(outputs())).toBe(live);
    await expectAnswers(first);
    const [bucket, key] = /s3:\/\/([^/]+)\/(.*)$/.exec(outputs().Refusal)!.slice(1);
    expect(await deployment.text(bucket, key)).toMatch(/size [\d,]+ bytes, allowed at most 1,024/);
  });

  test('sends an event to subscribers, and counts in the metric of the alarm', async () => {
    expect(await heard()).toMatchObject([{
      'source': 'cdk-tensorflow',
      'detail-type': 'ModelRefused',
      'detail': { schemaVersion: 1, modelName: 'points', attempt: '1', message: expect.stringContaining('float16'), kept: { version: '1' } },
    }]);
    expect(await alarmedRefusals()).toBe(1);
  });

  test('is not built again by a deployment of something else, and does not become live', async () => {
    const before = await deployment.builds();

    await deployed(refused({ memorySize: '1024' }));

    expect(await deployment.builds()).toBe(before);
    expect(outputs().Refusal).toContain('Version 1 is kept');
    await expectAnswers(first);
  });

  // Injects a fault.
  test('does not become live when a later deployment is rolled back, nor does the rolled back model', async () => {
    const { code } = await deployment.deploy(STACK, serving('second', { broken: 'yes' }));

    expect(code).not.toBe(0);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    await expectAnswers(first);
  });

  test('gives way to a model that passes', async () => {
    const before = await deployment.builds();

    await deployed(serving('second'));

    expect(await deployment.builds()).toBe(before); // published by the deployment that was rolled back
    expect(outputs()).toMatchObject({ Version: '2', Refusal: 'none' });
    await expectAnswers(second);
  });

  test('deployed again does not bring back the version kept then: the current version keeps serving', async () => {
    const before = await deployment.builds();

    await deployed(refused());

    expect(await deployment.builds()).toBe(before);
    expect(outputs()).toMatchObject({ Version: '2', Refusal: expect.stringContaining('Version 2 is kept') });
    await expectAnswers(second);
    expect(await heard()).toMatchObject([{ detail: { kept: { version: '2' } } }]);
  });

  test('is built again when attempt is raised', async () => {
    const before = await deployment.builds();

    await deployed(refused({ attempt: '2' }));

    expect(await deployment.builds()).toBe(before + 1);
    expect(outputs()).toMatchObject({ Version: '2', Refusal: expect.stringContaining('Version 2 is kept') });
    await expectAnswers(second);
    expect(await heard()).toMatchObject([{ detail: { attempt: '2', kept: { version: '2' } } }]);
  });

  test('is a newly trained one that is worse than the version that serves, where the gate compares them', async () => {
    await deployed(serving('first', { notWorse: 'yes' })); // better than `second` on its own data
    expect(outputs()).toMatchObject({ Version: '3', Refusal: 'none' });

    await deployed(serving('worse', { notWorse: 'yes' }));

    expect(outputs()).toMatchObject({ Version: '3', Refusal: expect.stringMatching(/loss of accuracy against the version 3, which serves, of/) });
    await expectAnswers(first);
  });
});
