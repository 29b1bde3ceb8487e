import { gunzipSync } from 'zlib';
import { GrpcModelClient } from '../../examples/clients/typescript/grpc-client';
import type { Golden } from '../../lib/private/documents/golden';
import { goldenKey, replay } from '../demo/golden';
import type { Pod } from '../emulator/client/kubernetes';
import { callPod } from '../emulator/client/kubernetes';
import type { ServiceOutputs } from './deployed-service';
import { readyPods, serviceOutputs, startService, versionOf } from './deployed-service';
import type { Deployment } from './deployment';
import { accuracy, HELD_OUT, likeliest } from './digits';
import { eventually } from './eventually';

// Pods run server/dist/x86_64/model_server: as processes of this machine, or on real nodes. It needs the Kubernetes programs, as service.test.ts does.

const STACK = 'Service';
const METRICS = '/monitoring/prometheus/metrics';

let deployment: Deployment;
let outputs: ServiceOutputs;

const ready = () => readyPods(deployment, outputs);

/** Decides all held-out digits by REST. */
async function decisions(pod: Pod): Promise<number[]> {
  const { status, body } = await callPod(pod, 'POST', '/v1/models/digits:predict', { instances: HELD_OUT.map(({ image }) => image) });
  expect({ status, body: status === 200 ? '' : body }).toEqual({ status: 200, body: '' });
  return (JSON.parse(body) as { predictions: number[][] }).predictions.map(likeliest);
}

/** Returns the requests that pods have captured, in any order. */
async function captured(): Promise<{ modelVersion: number; request: unknown }[]> {
  const keys = (await deployment.keys(outputs.CaptureBucket!)).filter((key) => key.startsWith('digits/'));
  const contents = await Promise.all(keys.map((key) => deployment.bytes(outputs.CaptureBucket!, key)));
  return contents.flatMap((content) => gunzipSync(content).toString().trimEnd().split('\n').map((line) => JSON.parse(line)));
}

/** Asks pods without a pause while a deployment runs, as clients do whose list of ready pods is up to a second old. */
async function askDuring<T>(running: Promise<T>): Promise<{ result: T; answers: Map<string, number>; failures: string[] }> {
  const answers = new Map<string, number>();
  const failures: string[] = [];
  let over = false;
  let pods = await ready();
  const watching = (async () => {
    while (!over) {
      pods = await ready();
      await new Promise((done) => setTimeout(done, 1000));
    }
  })();
  const client = async (number: number) => {
    for (let turn = number; !over; turn++) {
      const pod = pods[turn % pods.length];
      try {
        const { status, body } = await callPod(pod, 'POST', '/v1/models/digits:predict', { instances: [HELD_OUT[turn % HELD_OUT.length].image] });
        answers.set(versionOf(pod), (answers.get(versionOf(pod)) ?? 0) + 1);
        if (status !== 200) {
          failures.push(`${pod.metadata.name}: ${status} ${body}`);
        }
      } catch (error) {
        failures.push(`${pod.metadata.name}: ${String(error)}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const clients = [0, 1, 2].map(client);
  const result = await running.finally(() => (over = true));
  await Promise.all([watching, ...clients]);
  return { result, answers, failures };
}

beforeAll(async () => {
  deployment = await startService('lab/e2e/service-litert-app.ts');
});

afterAll(() => deployment?.stop());

describe('ModelService with ModelServer.LITERT, deployed by the CDK command line to a real Kubernetes API server', () => {
  test('a first deployment ends with three ready pods, whose server answers held-out digits by REST and by gRPC', async () => {
    const { code, output } = await deployment.deploy(STACK, {});
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    outputs = serviceOutputs(deployment, STACK);

    const pods = await ready();
    expect(pods.map(versionOf)).toEqual(['1', '1', '1']);
    expect(accuracy(await decisions(pods[0]))).toBeGreaterThan(0.95);

    const shape = [HELD_OUT.length, HELD_OUT[0].image.length, HELD_OUT[0].image[0].length, HELD_OUT[0].image[0][0].length];
    const values = Float32Array.from(HELD_OUT.flatMap(({ image }) => image.flat(2)));
    const [answer] = Object.values(await new GrpcModelClient(pods[0].metadata.annotations['embedded-aws/grpc'], 'digits').predict({ image: { shape, values } }));
    const classes = answer.shape[1];
    expect(accuracy(HELD_OUT.map((_, row) => likeliest([...answer.values.slice(row * classes, (row + 1) * classes)].map(Number))))).toBeGreaterThan(0.95);

    const golden = JSON.parse(await deployment.text(outputs.ArtifactBucket, goldenKey(outputs.ManifestKey))) as Golden;
    const { relative } = await replay({ request: (method, path, body) => callPod(pods[0], method, path, body) }, 'digits', golden);
    expect(relative).toBeLessThanOrEqual(golden.relativeTolerance);
  });

  test('the pod runs the program of this library, and counts requests under TensorFlow Serving\'s names', async () => {
    const [pod] = await ready();

    expect((await callPod(pod, 'GET', '/livez')).status).toBe(200);
    expect(await callPod(pod, 'GET', '/v1/models/digits/explorer')).toMatchObject({ status: 200, body: expect.stringMatching(/^<!doctype html>/) });
    const { body } = await callPod(pod, 'GET', METRICS);
    expect(body).toMatch(/^:tensorflow:serving:request_count\{.*model_name="digits".*status="OK".*\} [1-9]/m);
    expect(body).toMatch(/^model_server:compiled_copies\{.*\} 1$/m);
  });

  test('a pod captures requests with their answers', async () => {
    const [pod] = await ready();
    const instances = [HELD_OUT[7].image];
    const answer = JSON.parse((await callPod(pod, 'POST', '/v1/models/digits:predict', { instances })).body);

    await eventually(async () => expect(await captured()).toContainEqual(expect.objectContaining({
      modelName: 'digits', modelVersion: 1, signatureName: 'serving_default', request: { instances }, answer,
    })));
  });

  // Injects a fault.
  test('a new version that answers captured requests differently is refused, and reaches no pod', async () => {
    const before = await ready();

    const { code, output } = await deployment.deploy(STACK, { recipe: 'none', maxRelativeError: '1e-9' });

    expect(code).not.toBe(0);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(output).toMatch(/version 2 of the model answers captured requests differently [^]* The pods keep the version that they had\./);
    expect((await ready()).map(({ metadata }) => metadata.name).sort()).toEqual(before.map(({ metadata }) => metadata.name).sort());
  });

  test('an update to another version fails no request, and captures none of the values that it is told to leave out', async () => {
    const { result: { code, output }, answers, failures } = await askDuring(deployment.deploy(STACK, { recipe: 'none', redact: 'image' }));

    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    outputs = serviceOutputs(deployment, STACK);
    expect(failures).toEqual([]);
    expect(answers.get('1')).toBeGreaterThan(0);
    // The rollout has ended when all new pods are available. Kubernetes ends the last old one because of that, so a moment later.
    const pods = await eventually(async () => {
      const found = await ready();
      expect(found.map(versionOf)).toEqual(['2', '2', '2']);
      return found;
    });
    expect(accuracy(await decisions(pods[0]))).toBeGreaterThan(0.95);
    await eventually(async () => {
      const requests = (await captured()).filter(({ modelVersion }) => modelVersion === 2).map(({ request }) => JSON.stringify(request));
      expect([...new Set(requests)]).toContain('{"instances":[null]}');
      expect(requests.filter((text) => /\d/.test(text))).toEqual([]);
    });
  });

  test('a newly trained model that is worse than the version that serves is refused, and reaches no pod', async () => {
    const before = await ready();

    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('worse_digits'), notWorse: 'yes' });

    expect(code).not.toBe(0);
    expect(output).toMatch(/loss of accuracy against the version 2, which serves, of/);
    expect((await ready()).map(({ metadata }) => metadata.name).sort()).toEqual(before.map(({ metadata }) => metadata.name).sort());
    expect(accuracy(await decisions(before[0]))).toBeGreaterThan(0.95);
  });

  // Injects a fault.
  test('a flipped byte in the model is refused, and the previous pods answer throughout', async () => {
    const before = await ready();
    const key = outputs.ManifestKey.replace('manifest.json', 'model.tflite');
    const model = await deployment.bytes(outputs.ArtifactBucket, key);
    model[model.length >> 1] ^= 1;
    await deployment.write(outputs.ArtifactBucket, key, model);

    // The same version in new pods, which copy the model again.
    const update = deployment.deploy(STACK, { recipe: 'none', cpuFeatures: 'fpu', rolloutSeconds: '60' });
    const { result: { code, output }, answers, failures } = await askDuring(update);

    expect(code).not.toBe(0);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(output).toMatch(/verify-files ends with exit code 1[^]*model\.tflite: FAILED/);
    expect(failures).toEqual([]);
    expect(answers.get('2')).toBeGreaterThan(0);
    expect((await ready()).map(({ metadata }) => metadata.name).sort()).toEqual(before.map(({ metadata }) => metadata.name).sort());
  });
});
