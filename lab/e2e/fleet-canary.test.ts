import { complain } from './complaints';
import { accuracy, HELD_OUT } from './digits';
import { eventually } from './eventually';
import { receiveEvents } from './expectations';
import { FleetDeployment } from './fleet-deployment';
import { logged } from './requests';

const ALARM = 'complaints';
const CANARY = { server: 'litert', alarm: ALARM };
const IMAGES = HELD_OUT.map(({ image }) => image);

let fleet: FleetDeployment;

beforeAll(async () => {
  fleet = await FleetDeployment.start();
});

afterAll(async () => {
  await fleet?.stop();
});

/** The events that have arrived since the last time: of its versions, and of no other deployment. */
const heard = () => receiveEvents(fleet, fleet.output('QueueUrl'));

/** Returns the detail of an event of one of its versions. */
const published = (version: string) => ({
  version,
  bucket: fleet.output('ArtifactBucket'),
  manifestKey: expect.stringMatching(`/litert/${version}/manifest\\.json$`),
  manifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
});
const rolledBack = () => [{ 'detail-type': 'ModelRolledBack', 'detail': { path: 'Fleet/Digits', live: published('2'), rolledBack: published('1') } }];

/** Returns which of the groups and the gate between them ended their update, in the order of the command's lines. */
function updated(output: string): string[] {
  const types = '(?:AWS::AutoScaling::AutoScalingGroup|Custom::TensorFlowFleetCanary)';
  return [...output.matchAll(new RegExp(`UPDATE_COMPLETE +\\| ${types} +\\|.*\\bDigits/(\\w+)/`, 'g'))].map(([, name]) => name);
}

/** Returns the log of the function that watches the canary. */
const watched = () => logged(fleet.emulator, 'CanaryBake');

const raw = () => fleet.ask<{ predictions: number[][] }>(':predict', { instances: IMAGES });

// Instances of the embedded AWS need root.
(process.getuid?.() === 0 ? describe : describe.skip)('ModelFleet with a canary, deployed by the CDK command line', () => {
  test('a first deployment leaves an instance in each of two groups, bakes nothing, and an event says what is live', async () => {
    const { code, output } = await fleet.deploy(CANARY);
    expect({ code, output: code === 0 ? '' : `${output}\n${fleet.emulator.log().slice(-5000)}` }).toEqual({ code: 0, output: '' });

    const { canary, stable } = await fleet.instances();
    expect([canary.length, stable.length]).toEqual([1, 1]);
    expect(accuracy(await fleet.decisions(IMAGES))).toBeGreaterThan(0.95);
    await eventually(async () => expect(await watched()).toContain('may go on: the canary is new'));
    expect(await heard()).toMatchObject([{
      'detail-type': 'ModelLive', 'detail': { endpoint: 'fleet', path: 'Fleet/Digits', modelName: 'digits', live: published('1'), before: null },
    }]);
  });

  test('a version that works replaces the canary, bakes, and then replaces the other instance, without a failed request', async () => {
    const before = await fleet.instances();
    const seen: { canary: string[]; stable: string[] }[] = [];
    const observe = setInterval(() => void fleet.instances().then((now) => seen.push(now), () => undefined), 1000);

    const { result, answered, wrong } = await fleet.predictingMeanwhile(() => fleet.deploy({ ...CANARY, recipe: 'none' }))
      .finally(() => clearInterval(observe));

    expect({ code: result.code, output: result.code === 0 ? '' : result.output }).toEqual({ code: 0, output: '' });
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    expect(updated(result.output)).toEqual(['CanaryGroup', 'CanaryBake', 'Group']);
    const baking = seen.filter(({ canary, stable }) => canary.length === 1 && canary[0] !== before.canary[0] && stable.join() === before.stable.join());
    expect(baking.length).toBeGreaterThan(30);
    expect((await fleet.instances()).stable).not.toEqual(before.stable);
    expect(await fleet.version()).toBe('2');
    await eventually(async () => expect(await watched()).toMatch(/may go on: its instances were healthy, \d+ requests, 0 failed/));
    await eventually(async () => expect(await logged(fleet.emulator, 'DigitsLogGroup')).toContain('"DroppedCaptures": 0'));
    expect(await heard()).toMatchObject([{ 'detail-type': 'ModelLive', 'detail': { live: published('2'), before: published('1') } }]);
  });

  // Injects a fault.
  test('an alarm during the bake takes the canary back, and the other instance and its predictions stay as they were', async () => {
    const [before, predicted] = [await fleet.instances(), await raw()];
    let quiet = () => {};
    const alarming = async () => {
      await eventually(async () => expect((await fleet.instances()).canary).toEqual([expect.not.stringMatching(before.canary[0])]), 300);
      quiet = complain(fleet.emulator);
    };

    const { result, answered, wrong } = await fleet.predictingMeanwhile(async () => {
      const [deployed] = await Promise.all([fleet.deploy(CANARY), alarming()]);
      return deployed;
    }).finally(() => quiet());

    expect(result.code).not.toBe(0);
    expect(result.output).toContain(`the alarm ${ALARM} is in the state ALARM: Threshold Crossed`);
    expect(result.output).toContain('before any other instance was changed');
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    expect((await fleet.instances()).stable).toEqual(before.stable);
    expect((await fleet.instances()).canary).toHaveLength(1);
    expect([await fleet.version(), await fleet.version()]).toEqual(['2', '2']);
    expect(await raw()).toEqual(predicted);
    await eventually(async () => expect(await watched()).toContain('may go on: the stack is being rolled back'));
    expect(await heard()).toMatchObject(rolledBack());
  });

  // Injects a fault.
  test('a canary that does not start fails the update, and both instances stay', async () => {
    const [before, predicted] = [await fleet.instances(), await raw()];
    await fleet.damageLibrary();

    const { result, answered, wrong } = await fleet.predictingMeanwhile(() => fleet.deploy(CANARY));

    expect(result.code).not.toBe(0);
    expect(result.output).toContain('Received 1 FAILURE signal(s) out of 1');
    expect(fleet.emulator.log()).toMatch(/FAILURE: s3:\/\/\S+ has the SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}: it is not what was published/);
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(await fleet.instances()).toEqual(before);
    expect(await raw()).toEqual(predicted);
    expect(await heard()).toMatchObject(rolledBack());
  });

  test('cdk destroy ends the instances of both groups', async () => {
    const { code } = await fleet.destroy(CANARY);

    expect(code).toBe(0);
    expect(await fleet.instances()).toEqual({ canary: [], stable: [] });
  });
});
