import { spawnSync } from 'child_process';
import { mkdirSync, renameSync, writeFileSync } from 'fs';
import { join } from 'path';
import type { Expectation } from './deployment';
import { Deployment } from './deployment';
import { expectDeployed } from './expectations';

const STACK = 'Endpoint';
const LABELS = ['low', 'middle', 'high'];

const HOOK = `
from model_server.hook import RequestError, body

LABELS = ${JSON.stringify(LABELS)}

def preprocess(event):
    try:
        return [[float(number) for number in body(event).split()]]
    except ValueError as error:
        raise RequestError(400, "the body must hold four numbers") from error

def postprocess(outputs):
    (scores,) = next(iter(outputs.values()))
    return {"label": LABELS[scores.index(max(scores))]}
`;
/** Refuses every request, its own event too. */
const DEAF = `${HOOK}
def preprocess(event):
    raise RequestError(400, "not understood")
`;

let deployment: Deployment;
let first: Expectation;

const serving = (changed: Record<string, string> = {}) => ({
  model: deployment.file('first'), data: deployment.file('first.npz'), labels: LABELS.join(','), setting: 'first', ...changed,
});

/** A hook's directory, and beside it the event that the hook must answer. */
function hook(name: string, text: string, body = first.instances[0].join(' ')): Record<string, string> {
  const directory = deployment.file(name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'hook.py'), text);
  const path = '/v1/models/points:predict';
  writeFileSync(`${directory}.json`, JSON.stringify({
    requestContext: { http: { method: 'POST' } }, rawPath: path, body, isBase64Encoded: false,
  }));
  return { hook: directory };
}

const deployed = (context: Record<string, string>) => expectDeployed(deployment, STACK, context);

const label = (scores: number[]) => LABELS[scores.indexOf(Math.max(...scores))];

/** Expected answers of the hook for each of the points. */
async function labelsByHook(): Promise<unknown[]> {
  const outputs = deployment.outputs(STACK);
  const answers = await Promise.all(first.instances.map((point) => deployment.request(outputs, 'POST', '/v1/models/points:predict', Buffer.from(point.join(' ')))));
  expect(answers.map(({ status }) => status)).toEqual(first.instances.map(() => 200));
  return answers.map(({ body }) => JSON.parse(body));
}

beforeAll(async () => {
  deployment = await Deployment.start();
  first = deployment.expectation('first');
});

afterAll(() => deployment?.stop());

describe('a new version, before the alias moves to it', () => {
  test('without evaluation data has answered requests with generated values', async () => {
    await deployed({ model: deployment.file('second') });

    const outputs = deployment.outputs(STACK);
    expect((await deployment.keys(outputs.ArtifactBucket)).filter((key) => key.includes('/golden/'))).toHaveLength(1);
    expect(await deployment.liveVersion(outputs)).toBe('1');
  });

  test('has answered golden requests when callers get it; with labels its answers name classes, best first', async () => {
    await deployed(serving());

    const outputs = deployment.outputs(STACK);
    expect((await deployment.keys(outputs.ArtifactBucket)).filter((key) => key.includes('/golden/'))).toHaveLength(2);
    const answer = JSON.parse((await deployment.request(outputs, 'POST', '/v1/models/points:predict', { instances: first.instances })).body) as
      { predictions: number[][]; classes: { label: string; score: number }[][] };
    expect(answer.classes.map(([best]) => best.label)).toEqual(first.predictions.map(label));
    answer.classes.forEach((row, index) => {
      expect(row.map(({ score }) => score)).toEqual([...answer.predictions[index]].sort((a, b) => b - a));
    });
  });

  // Injects a fault.
  test('that answers like another model ends the deployment with both numbers, and callers keep the previous version', async () => {
    const outputs = deployment.outputs(STACK);
    const before = [await deployment.liveVersion(outputs), await deployment.predict(outputs, first.instances)];
    const layer = (await deployment.keys(outputs.ArtifactBucket)).find((key) => key.endsWith('/litert/1/layer.zip'))!;
    writeFileSync(deployment.file('layer.zip'), await deployment.bytes(outputs.ArtifactBucket, layer));
    const unzip = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])';
    expect(spawnSync('python3', ['-c', unzip, deployment.file('layer.zip'), deployment.file('unzipped')]).status).toBe(0);
    renameSync(deployment.file('unzipped/ml'), deployment.file('unzipped/other'));

    const { code, output } = await deployment.deploy(STACK, serving({ otherModel: deployment.file('unzipped') }));

    expect(code).not.toBe(0);
    expect(output).toMatch(/version \d+ of the function answers golden request \d+ of 10 differently from the published model: /);
    expect(output).toMatch(/output '\w+' at \[\d\] must be [\d.e-]+ within [\d.e-]+, got [\d.e-]+: callers keep the version that they had/);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([await deployment.liveVersion(outputs), await deployment.predict(outputs, first.instances)]).toEqual(before);
  });
});

describe('a hook', () => {
  test('answers its own requests through the function URL, without another build', async () => {
    const before = await deployment.builds();

    await deployed(serving(hook('hook', HOOK)));

    expect(await deployment.builds()).toBe(before);
    expect(await labelsByHook()).toEqual(first.predictions.map((scores) => ({ label: label(scores) })));
    const refused = await deployment.request(deployment.outputs(STACK), 'POST', '/v1/models/points:predict', Buffer.from('four numbers'));
    expect([refused.status, JSON.parse(refused.body)]).toEqual([400, { error: 'the body must hold four numbers' }]);
  });

  test('that is edited changes the answers, without another build', async () => {
    const before = await deployment.builds();

    await deployed(serving(hook('hook', HOOK.replace('{"label":', '{"class":'))));

    expect(await deployment.builds()).toBe(before);
    expect(await labelsByHook()).toEqual(first.predictions.map((scores) => ({ class: label(scores) })));
  });

  // Injects a fault.
  test('that refuses its own event ends the deployment, and callers keep the previous hook', async () => {
    const outputs = deployment.outputs(STACK);
    const live = await deployment.liveVersion(outputs);

    const { code, output } = await deployment.deploy(STACK, serving(hook('hook', DEAF)));

    expect(code).not.toBe(0);
    expect(output).toMatch(/version \d+ of the function does not answer \(400, not understood\): callers keep the version that they had/);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await deployment.liveVersion(outputs)).toBe(live);
    expect(await labelsByHook()).toEqual(first.predictions.map((scores) => ({ class: label(scores) })));
  });

  // A changed setting replaces the version. A rollback leaves the replacement, because replaced versions are retained.
  test('with a wrong event but right code is deployed with the same setting, which only CloudFormation knows, once the event is corrected', async () => {
    const outputs = deployment.outputs(STACK);
    const edited = HOOK.replace('{"label":', '{"class":');
    const settings = { setting: 'second' };

    const { code, output } = await deployment.deploy(STACK, serving({ ...settings, ...hook('hook', edited, 'four numbers') }));
    expect({ failed: code !== 0, output }).toEqual({ failed: true, output: expect.stringContaining('(400, the body must hold four numbers)') });
    const live = await deployment.liveVersion(outputs);

    await deployed(serving({ ...settings, ...hook('hook', edited) }));

    expect(await deployment.liveVersion(outputs)).not.toBe(live);
    expect(await labelsByHook()).toEqual(first.predictions.map((scores) => ({ class: label(scores) })));
  });
});
