import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { renameSync, writeFileSync } from 'fs';
import type { Expectation, Outputs } from './deployment';
import { Deployment } from './deployment';
import { expectAnswersOf, expectDeployed, receiveEvents } from './expectations';

const STACK = 'Endpoint';

let deployment: Deployment;
let first: Expectation;
let second: Expectation;

const outputs = () => deployment.outputs(STACK) as Outputs & { readonly QueueUrl: string };

/** Context that deploys one of the models with its data, and what hears of it. */
const serving = (name: string, changed: Record<string, string> = {}) => ({
  model: deployment.file(name), data: deployment.file(`${name}.npz`), events: 'yes', ...changed,
});

const deployed = (context: Record<string, string>) => expectDeployed(deployment, STACK, context);
const expectAnswers = (model: Expectation) => expectAnswersOf(deployment, outputs(), model);
const heard = () => receiveEvents(deployment, outputs().QueueUrl);

/** Returns the detail that an event of a published version must have, by the bytes in the bucket. */
async function versionInBucket(number: number): Promise<Record<string, string>> {
  const bucket = outputs().ArtifactBucket;
  const manifestKey = (await deployment.keys(bucket)).find((key) => key.endsWith(`/litert/${number}/manifest.json`))!;
  const manifestSha256 = createHash('sha256').update(await deployment.bytes(bucket, manifestKey)).digest('hex');
  return { bucket, version: String(number), manifestKey, manifestSha256 };
}

/** A directory with the files of the version that serves, for a layer that serves it in the place of another one. */
async function filesOfVersion(number: number): Promise<string> {
  const bucket = outputs().ArtifactBucket;
  const layer = (await deployment.keys(bucket)).find((key) => key.endsWith(`/litert/${number}/layer.zip`))!;
  writeFileSync(deployment.file('layer.zip'), await deployment.bytes(bucket, layer));
  const unzip = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])';
  expect(spawnSync('python3', ['-c', unzip, deployment.file('layer.zip'), deployment.file('unzipped')]).status).toBe(0);
  renameSync(deployment.file('unzipped/ml'), deployment.file('unzipped/other'));
  return deployment.file('unzipped');
}

beforeAll(async () => {
  deployment = await Deployment.start();
  first = deployment.expectation('first');
  second = deployment.expectation('second');
});

afterAll(() => deployment?.stop());

describe('the events of a function', () => {
  test('say after a deployment which version is live, with the digest of its manifest', async () => {
    await deployed(serving('first'));

    await expectAnswers(first);
    expect(await heard()).toMatchObject([{
      'source': 'cdk-tensorflow',
      'detail-type': 'ModelLive',
      'resources': [expect.stringMatching(/:stack\/Endpoint\//)],
      'detail': { schemaVersion: 1, endpoint: 'function', path: 'Endpoint/Points', modelName: 'points', live: await versionInBucket(1), before: null },
    }]);
  });

  test('are none for a deployment of something else', async () => {
    await deployed(serving('first', { memorySize: '1024' }));

    expect(await heard()).toEqual([]);
  });

  test('say that a version which failed its check was rolled back, and callers keep the version before', async () => {
    const live = await deployment.liveVersion(outputs());

    const { code, output } = await deployment.deploy(STACK, serving('second', { otherModel: await filesOfVersion(1) }));

    expect({ failed: code !== 0, output }).toEqual({ failed: true, output: expect.stringContaining('differently from the published model') });
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await deployment.liveVersion(outputs())).toBe(live);
    await expectAnswers(first);
    expect(await heard()).toMatchObject([{
      'detail-type': 'ModelRolledBack',
      'detail': { path: 'Endpoint/Points', live: await versionInBucket(1), rolledBack: await versionInBucket(2) },
    }]);
  });

  test('say that it is live once it passes, and what was before', async () => {
    await deployed(serving('second'));

    await expectAnswers(second);
    expect(await heard()).toMatchObject([{ 'detail-type': 'ModelLive', 'detail': { live: await versionInBucket(2), before: await versionInBucket(1) } }]);
  });
});
