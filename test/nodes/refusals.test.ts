import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import type { CommandResult } from '../../emulator/client/embedded-aws';
import type { Pod } from '../../emulator/client/kubernetes';
import type { ServiceOutputs } from '../e2e/deployed-service';
import { serviceOutputs, versionOf } from '../e2e/deployed-service';
import { Deployment } from '../e2e/deployment';
import { eventually } from '../e2e/eventually';
import { Cluster, NAMESPACE, SERVICE } from './cluster';
import type { Load } from './load';
import { askDuring, report } from './load';

// Updates that must fail, and pods that end while kube-proxy is late. The tests share a deployment.

const STACK = 'Nodes';
const SECONDS = { rolloutSeconds: '45', startupSeconds: '40' };

let deployment: Deployment;
let outputs: ServiceOutputs;
let cluster: Cluster;
let address: string;
let before: Pod[];

const names = (pods: Pod[]) => pods.map(({ metadata }) => metadata.name).sort();

/**
 * Makes an update that fails, while clients ask.
 *
 * @param replaced Whether a new pod may be ready for a moment, in which Kubernetes ends an old one; the rollback makes another.
 */
async function refused(context: Record<string, string>, replaced = false): Promise<{ result: CommandResult; load: Load }> {
  const { result, load } = await askDuring(address, deployment.deploy(STACK, { ...SECONDS, ...context }));
  report(JSON.stringify(context), load);
  expect(result.code).not.toBe(0);
  expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(load.failures).toEqual([]);
  expect(load.answered).toBeGreaterThan(100);
  before = await eventually(async () => {
    const pods = await cluster.pods();
    expect(replaced ? pods.map(versionOf) : names(pods)).toEqual(replaced ? before.map(versionOf) : names(before));
    return pods;
  }, 120);
  return { result, load };
}

/** Lets every node's kube-proxy change its rules at most once in so many seconds. */
async function slowDown(seconds: number): Promise<void> {
  for (const { metadata } of await cluster.nodes()) {
    const path = join(metadata.annotations['embedded-aws/directory'], 'kube-proxy.json');
    const configuration = JSON.parse(readFileSync(path, 'utf8')) as { nftables: object };
    // It ends when its configuration changes, and is started again.
    writeFileSync(path, JSON.stringify({ ...configuration, nftables: { ...configuration.nftables, minSyncPeriod: `${seconds}s` } }));
  }
  await new Promise((done) => setTimeout(done, 10_000));
}

/** Replaces all pods while clients ask. */
async function restarted(): Promise<Load> {
  const { load } = await askDuring(address, (async () => {
    await cluster.kubectl('rollout', 'restart', `deployment/${SERVICE}`, '-n', NAMESPACE);
    await cluster.kubectl('rollout', 'status', `deployment/${SERVICE}`, '-n', NAMESPACE, '--timeout=300s');
    await new Promise((done) => setTimeout(done, 10_000));
  })());
  return load;
}

beforeAll(async () => {
  deployment = await Deployment.start('test/nodes/app.ts', ['--nodes', 'real']);
  const { code, output } = await deployment.deploy(STACK, {});
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  outputs = serviceOutputs(deployment, STACK);
  cluster = await Cluster.of(deployment, outputs);
  address = await cluster.address();
  before = await cluster.pods();
  expect(before.map(versionOf)).toEqual(['1', '1', '1']);
});

afterAll(() => deployment?.stop());

describe('an update of a ModelService on real nodes that cannot work', () => {
  test('an image that cannot be pulled: the message names it, and no request fails', async () => {
    const { result } = await refused({ baseImage: 'public.ecr.aws/nobody/nothing:1' });

    expect(result.output).toMatch(/(ErrImagePull|ImagePullBackOff)[^]*public\.ecr\.aws\/nobody\/nothing:1/);
  });

  test('a container that takes more memory than its limit: the kernel ends it, and the message says so', async () => {
    const { result } = await refused({ extra: 'greedy' }, true);

    expect(result.output).toMatch(/greedy[^]*(OOMKilled|exit code 137)/);
  });

  test('a container that crashes: the message has its exit code and the end of its log', async () => {
    const { result } = await refused({ extra: 'crashing' }, true);

    expect(result.output).toMatch(/crashing[^]*exit code 3[^]*cannot go on/);
  });

  test('a container that is never ready: the message has what its probe said', async () => {
    const { result } = await refused({ extra: 'unready' });

    expect(result.output).toMatch(/unready runs and is not ready: Readiness probe failed: not yet/);
  });

  test('pods that no node has room for: the message has the scheduler\'s reason', async () => {
    const { result } = await refused({ cpuRequest: '64' });

    expect(result.output).toMatch(/Insufficient cpu/);
  });

  test('a flipped byte in the model: the init container refuses it', async () => {
    const key = outputs.ManifestKey.replace('manifest.json', 'model.tflite');
    const model = await deployment.bytes(outputs.ArtifactBucket, key);
    const flipped = Uint8Array.from(model);
    flipped[flipped.length >> 1] ^= 1;
    await deployment.write(outputs.ArtifactBucket, key, flipped);
    try {
      // The same version in new pods, which copy the model again.
      const { result } = await refused({ cpuRequest: '0.11' });

      expect(result.output).toMatch(/verify-files ends with exit code 1[^]*model\.tflite: FAILED/);
    } finally {
      await deployment.write(outputs.ArtifactBucket, key, model);
    }
  });
});

describe('pods that end while every kube-proxy changes its rules only once in eight seconds', () => {
  test('with a drain time they answer until nobody asks any more', async () => {
    await slowDown(8);

    const load = await restarted();

    report('drain time of 20 s', load);
    expect(load.failures).toEqual([]);
    expect(load.answered).toBeGreaterThan(100);
  });

  test('without one, requests fail: the negative control', async () => {
    const container = { name: 'model-server', args: [] as string[] };
    const { spec } = await cluster.get<{ spec: { template: { spec: { containers: { args: string[] }[] } } } }>('deployment', SERVICE, '-n', NAMESPACE);
    container.args = spec.template.spec.containers[0].args.map((arg) => arg.replace(/^--drain_delay_in_seconds=.*/, '--drain_delay_in_seconds=0'));
    await cluster.kubectl('patch', 'deployment', SERVICE, '-n', NAMESPACE, '-p', JSON.stringify({ spec: { template: { spec: { containers: [container] } } } }));
    await cluster.kubectl('rollout', 'status', `deployment/${SERVICE}`, '-n', NAMESPACE, '--timeout=300s');

    const load = await restarted();

    report('no drain time', load);
    expect(load.failures.length).toBeGreaterThan(0);
  });
});
