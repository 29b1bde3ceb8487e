import { execFile } from 'child_process';
import { writeFileSync } from 'fs';
import { delimiter, join } from 'path';
import { promisify } from 'util';
import type { Expectation, Outputs } from './deployment';
import { Deployment, ROOT } from './deployment';
import { expectClose, withoutLogs } from './expectations';
import { callAction } from './requests';

const STACK = 'Endpoint';

let deployment: Deployment;

/** Context that deploys one of the models with its data. */
const serving = (name: string, changed: Record<string, string> = {}) => ({ model: deployment.file(name), data: deployment.file(`${name}.npz`), ...changed });

beforeAll(async () => {
  deployment = await Deployment.start();
});

afterAll(() => deployment?.stop());

/** Returns the layers of isolation of the only build's job, as its outcome says. */
async function isolation(): Promise<unknown> {
  const { ArtifactBucket } = deployment.outputs(STACK);
  const outcome = (await deployment.keys(ArtifactBucket)).find((name) => name.endsWith('/outcome.json'))!;
  return JSON.parse(await deployment.text(ArtifactBucket, outcome)).isolation;
}

describe('ModelFunction, deployed by the CDK command line', () => {
  let first: Expectation;
  let second: Expectation;

  beforeAll(() => {
    first = deployment.expectation('first');
    second = deployment.expectation('second');
  });

  test('a first deployment leaves a function that predicts like the original model', async () => {
    const { code, output } = await deployment.deploy(STACK, serving('first'));
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });

    expectClose(await deployment.predict(deployment.outputs(STACK), first.instances), first.predictions);
    expect(await deployment.builds()).toBe(1);
    expect(await deployment.runtime(deployment.outputs(STACK))).toBe('provided.al2023');
  });

  test('the process that opened the model had another user, and neither credentials nor a network', async () => {
    expect(await isolation()).toEqual({
      'capabilities': 'on', 'environment': 'on', 'files': 'on', 'network': 'on', 'processes': 'on', 'system calls': 'on', 'user': 'on',
    });
  });

  test('the alias answers direct invocations and reports its status and signature', async () => {
    const outputs = deployment.outputs(STACK);
    const direct = (await deployment.invoke(outputs, { data: first.instances[0] })) as { prediction: number[][] };
    expectClose(direct.prediction, [first.predictions[0]]);

    const status = await deployment.request(outputs, 'GET', '/v1/models/points');
    expect(JSON.parse(status.body)).toMatchObject({ model_version_status: [{ version: outputs.Version, state: 'AVAILABLE' }] });
    const metadata = await deployment.request(outputs, 'GET', '/v1/models/points/metadata');
    expect(metadata).toMatchObject({ status: 200 });
    expect(metadata.body).toContain('signature_def');
  });

  test('a bad request gets 400 and one sentence', async () => {
    const answer = await deployment.request(deployment.outputs(STACK), 'POST', '/v1/models/points:predict', { instances: [[1, 2]] });
    expect(answer.status).toBe(400);
    expect(Object.keys(JSON.parse(answer.body))).toEqual(['error']);
  });

  test('cdk diff finds nothing to deploy for the same app', async () => {
    const { output } = await deployment.diff(STACK, serving('first'));
    expect(output).toContain('There were no differences');
  });

  test('a change that does not concern the model builds nothing', async () => {
    const before = await deployment.builds();
    const { code } = await deployment.deploy(STACK, serving('first', { memorySize: '1024' }));

    expect(code).toBe(0);
    expect(await deployment.builds()).toBe(before);
    expectClose(await deployment.predict(deployment.outputs(STACK), first.instances), first.predictions);
  });

  test('a new model changes what the alias answers', async () => {
    const { code } = await deployment.deploy(STACK, serving('second'));

    expect(code).toBe(0);
    expect(Number(deployment.outputs(STACK).Version)).toBe(2);
    expectClose(await deployment.predict(deployment.outputs(STACK), second.instances), second.predictions);
  });

  // Injects a fault.
  test('a gate that nothing passes fails the deployment with the candidates, and the previous version keeps serving', async () => {
    const before = deployment.outputs(STACK);
    const { code, output } = await deployment.deploy(STACK, serving('first', { maxSizeKibibytes: '1' }));

    expect(code).not.toBe(0);
    expect(output).toMatch(/dynamicRange[\s\S]*float16/);
    expect(withoutLogs(output)).not.toContain('Traceback');
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expectClose(await deployment.predict(before, second.instances), second.predictions);
    const reports = (await deployment.keys(before.ArtifactBucket)).filter((key) => /\/builds\/[^/]+\/report\.html$/.test(key));
    const texts = await Promise.all(reports.map((key) => deployment.text(before.ArtifactBucket, key)));
    expect(texts.filter((text) => /size [\d,]+ bytes, allowed at most 1,024/.test(text))).not.toHaveLength(0);
  });

  // Injects a fault.
  test('a hostile model is refused before anything loads it, and the previous version keeps serving', async () => {
    const before = deployment.outputs(STACK);
    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('hostile') });

    expect(code).not.toBe(0);
    expect(withoutLogs(output)).toContain('ReadFile could');
    expectClose(await deployment.predict(before, second.instances), second.predictions);
  });

  // Injects a fault.
  test('a hostile model whose operation was allowed is refused what it reads, and the previous version keeps serving', async () => {
    const before = deployment.outputs(STACK);
    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('hostile'), allowedOperations: 'ReadFile' });

    expect(code).not.toBe(0);
    expect(withoutLogs(output)).toContain('/private; Permission denied');
    expectClose(await deployment.predict(before, second.instances), second.predictions);
  });

  // Injects a fault.
  test('a changed manifest fails one deployment, whose rollback succeeds', async () => {
    const before = deployment.outputs(STACK);
    const key = (await deployment.keys(before.ArtifactBucket)).find((name) => name.endsWith(`/litert/${before.Version}/manifest.json`))!;
    const manifest = await deployment.text(before.ArtifactBucket, key);
    await deployment.write(before.ArtifactBucket, key, manifest.replace('"created"', '"Created"'));

    const { code, output } = await deployment.deploy(STACK, serving('second', { memorySize: '2048' }));

    expect(code).not.toBe(0);
    expect(withoutLogs(output)).toContain('it is not the model that was meant');
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expectClose(await deployment.predict(before, second.instances), second.predictions);
    await deployment.write(before.ArtifactBucket, key, manifest);
  });

  test('going back to an earlier model builds nothing and restores its answers', async () => {
    const before = await deployment.builds();
    const { code } = await deployment.deploy(STACK, serving('first'));

    expect(code).toBe(0);
    expect(await deployment.builds()).toBe(before);
    expect(Number(deployment.outputs(STACK).Version)).toBe(1);
    expectClose(await deployment.predict(deployment.outputs(STACK), first.instances), first.predictions);
  });

  test('the command line verifies a version with the public key alone', async () => {
    const outputs = deployment.outputs(STACK) as Outputs & { SigningKeyArn: string };
    const { PublicKey } = await callAction(deployment.emulator, 'kms', 'TrentService.GetPublicKey', { KeyId: outputs.SigningKeyArn });
    const key = deployment.file('signing-key.pem');
    writeFileSync(key, `-----BEGIN PUBLIC KEY-----\n${PublicKey.match(/.{1,64}/g).join('\n')}\n-----END PUBLIC KEY-----\n`);
    const manifest = (await deployment.keys(outputs.ArtifactBucket)).find((name) => name.endsWith('/litert/1/manifest.json'))!;
    const python = join(ROOT, '.tools', 'python', 'bin', 'python');
    const { stdout } = await promisify(execFile)(python, ['-m', 'tensorflow_optimizer', 'verify', `s3://${outputs.ArtifactBucket}/${manifest}`, '--public-key', key], {
      env: { ...process.env, ...deployment.emulator.environment, PYTHONPATH: ['optimizer', 'runtime/shared'].map((room) => join(ROOT, room, 'src')).join(delimiter) },
    });

    expect(stdout).toMatch(/^version 1 of points \(litert\): \d+ files are as published, signed by the key with the hint [0-9a-f]{64}\s*$/);
  });

  test('cdk destroy removes the stack and keeps the artifacts', async () => {
    const { ArtifactBucket } = deployment.outputs(STACK);
    const { code } = await deployment.destroy(STACK, serving('first'));

    expect(code).toBe(0);
    expect(await deployment.status(STACK)).toBeUndefined();
    expect((await deployment.keys(ArtifactBucket)).some((key) => key.endsWith('/layer.zip'))).toBe(true);
  });
});
