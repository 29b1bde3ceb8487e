import type { Golden } from '../../lib/private/documents/golden';
import type { Comparison } from '../demo/golden';
import { goldenKey, replay } from '../demo/golden';
import type { Pod } from '../emulator/client/kubernetes';
import { callPod, isReady, KubernetesApi } from '../emulator/client/kubernetes';
import { complain } from './complaints';
import type { ServiceOutputs } from './deployed-service';
import { failingSeconds, isCanary, readyPods, serviceOutputs, startService, versionOf } from './deployed-service';
import type { Deployment } from './deployment';
import { accuracy, byGrpc, HELD_OUT, likeliest } from './digits';
import { eventually } from './eventually';
import { receiveEvents } from './expectations';

// Needs the Kubernetes programs: `npm run test:cluster` builds them and runs it.

const STACK = 'Service';
const PORTED = 'Ported';

let deployment: Deployment;
let outputs: ServiceOutputs;
let golden: Golden;

const ready = () => readyPods(deployment, outputs);

/** Returns the detail of the service's events of one of its versions. */
const published = (version: string) => ({
  version, bucket: outputs.ArtifactBucket, manifestKey: expect.stringMatching(`/saved_model/${version}/manifest\\.json$`), manifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
});

const rolledBack = () => [{
  'detail-type': 'ModelRolledBack',
  'detail': { path: 'Service/Digits', live: { ...published('1'), manifestKey: outputs.ManifestKey }, rolledBack: published('2') },
}];

/** The context of the second version. */
const second = () => ({ model: deployment.file('second'), data: deployment.file('second.npz') });

/** Sends the golden requests to a pod. */
function ask(pod: Pod): Promise<Comparison> {
  return replay({ request: (method, path, body) => callPod(pod, method, path, body) }, 'digits', golden);
}

/** Sends the golden requests to a pod again and again until a deployment ends, and returns what differed from their answers. */
async function askDuring<T>(pod: Pod, deploying: Promise<T>): Promise<{ result: T; asked: number; differences: string[] }> {
  const comparisons: Comparison[] = [];
  let ended = false;
  const asking = (async () => {
    while (!ended) {
      comparisons.push(await ask(pod));
      await new Promise((done) => setTimeout(done, 1000));
    }
  })();
  const result = await deploying.finally(() => (ended = true));
  await asking;
  return { result, asked: comparisons.length, differences: comparisons.flatMap(({ difference }) => difference ?? []) };
}

const namesOf = (pods: Pod[]) => pods.map(({ metadata }) => metadata.name).sort();

beforeAll(async () => {
  deployment = await startService('lab/e2e/service-app.ts');
});

afterAll(() => deployment?.stop());

describe('ModelService, deployed by the CDK command line to a real Kubernetes API server', () => {
  test('a first deployment ends with three ready pods and a canary that answer the golden requests', async () => {
    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('first'), data: deployment.file('first.npz') });
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    outputs = serviceOutputs(deployment, STACK);
    golden = JSON.parse(await deployment.text(outputs.ArtifactBucket, goldenKey(outputs.ManifestKey))) as Golden;

    const pods = await ready();
    expect(pods.map(versionOf)).toEqual(['1', '1', '1', '1']);
    const [[canary], stable] = [pods.filter(isCanary), pods.filter((pod) => !isCanary(pod))];
    expect(new Set(stable.map(({ spec }) => spec.nodeName)).size).toBe(3);
    expect(golden.requests.length).toBeGreaterThan(0);
    expect((await ask(stable[0])).relative).toBeLessThanOrEqual(golden.relativeTolerance);
    expect((await ask(canary)).relative).toBeLessThanOrEqual(golden.relativeTolerance);
    expect((await callPod(stable[0], 'GET', '/v1/models/digits/versions/2/metadata')).status).toBe(404);
  });

  test('an event says which version is live', async () => {
    expect(await receiveEvents(deployment, outputs.QueueUrl!)).toMatchObject([{
      'source': 'cdk-tensorflow',
      'detail-type': 'ModelLive',
      'detail': {
        endpoint: 'service', path: 'Service/Digits', modelName: 'digits', live: { ...published('1'), manifestKey: outputs.ManifestKey }, before: null,
      },
    }]);
  });

  test('the Deployment of docs/porting.md becomes a service of three in an imported cluster, by the page\'s own code', async () => {
    const context = { cluster: outputs.ClusterName, directory: deployment.file('porting') };
    const { code, output } = await deployment.deploy(PORTED, context);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });

    const cluster = await KubernetesApi.connect(deployment.emulator, outputs.ClusterName);
    const pods = (await cluster.pods('default')).filter(isReady);
    expect(pods).toHaveLength(3);
    const { spec } = await cluster.get<{ spec: { ports: { port: number }[] } }>('/api/v1/namespaces/default/services/mymodel');
    expect(spec.ports.map(({ port }) => port).sort()).toEqual([8500, 8501]);
    expect(JSON.stringify(pods[0])).toContain('/models/mymodel');
    const images = HELD_OUT.map(({ image }) => image);
    const decided = await byGrpc(pods[0].metadata.annotations['embedded-aws/grpc'], 'mymodel', (decide) => Promise.all(images.map(decide)));
    expect(accuracy(decided)).toBeGreaterThan(0.95);
    const { predictions } = JSON.parse((await callPod(pods[0], 'POST', '/v1/models/mymodel:predict', { instances: images })).body);
    expect((predictions as number[][]).map(likeliest)).toEqual(decided);

    const destroyed = await deployment.destroy(PORTED, context);
    expect({ code: destroyed.code, output: destroyed.code === 0 ? '' : destroyed.output }).toEqual({ code: 0, output: '' });
  });

  // Injects a fault.
  test('a canary that does not start fails the deployment with its own message, and the previous pods answer throughout', async () => {
    const before = await ready();
    const rolloutSeconds = failingSeconds(deployment);

    const { result: { code, output }, asked, differences } = await askDuring(before[0], deployment.deploy(STACK, {
      ...second(), cpuFeatures: 'made_up_feature', rolloutSeconds,
    }));

    expect(code).not.toBe(0);
    // A real kubelet runs the container again between two waits of CrashLoopBackOff, and reports that it has ended.
    expect(output).toMatch(/verify-model ends with exit code 1(, CrashLoopBackOff|\. )[^]*the model needs a processor with made_up_feature/);
    expect(output).toContain(`models/digits-canary: 0 of 1 new pods were available after ${rolloutSeconds} s`);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(asked).toBeGreaterThan(5);
    expect(differences).toEqual([]);
    expect(namesOf(await ready())).toEqual(namesOf(before));
  });

  test('an event says which version was rolled back, and which one serves', async () => {
    expect(await receiveEvents(deployment, outputs.QueueUrl!)).toMatchObject(rolledBack());
  });

  // Injects a fault.
  test('an alarm during the bake takes the canary back, and the other pods and their predictions stay as they were', async () => {
    const stable = (await ready()).filter((pod) => !isCanary(pod));
    let quiet = () => {};
    const alarming = eventually(async () => {
      expect((await ready()).filter(isCanary).map(versionOf)).toEqual(['2']);
      quiet = complain(deployment.emulator);
    }, 300);

    const deploying = Promise.all([deployment.deploy(STACK, second()), alarming]).finally(() => quiet());
    const { result: [{ code, output }], asked, differences } = await askDuring(stable[0], deploying);

    expect(code).not.toBe(0);
    expect(output).toContain('the alarm complaints is in the state ALARM: Threshold Crossed');
    expect(output).toMatch(/models\/digits-canary: stopped after \d+ s of 60 s, before any other pod was changed/);
    expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(asked).toBeGreaterThan(5);
    expect(differences).toEqual([]);
    await eventually(async () => {
      const pods = await ready();
      expect(pods.map(versionOf)).toEqual(['1', '1', '1', '1']);
      expect(namesOf(pods.filter((pod) => !isCanary(pod)))).toEqual(namesOf(stable));
    });
    expect(await receiveEvents(deployment, outputs.QueueUrl!)).toMatchObject(rolledBack());
  });

  test('cdk destroy removes the cluster and keeps the artifacts', async () => {
    const { code, output } = await deployment.destroy(STACK, { model: deployment.file('first') });
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });

    await expect(ready()).rejects.toThrow('there is no cluster');
    expect(await deployment.keys(outputs.ArtifactBucket)).toContain(outputs.ManifestKey);
  });
});
