import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { versionOf } from '../e2e/deployed-service';
import { eventually } from '../e2e/eventually';
import type { CommandResult } from '../emulator/client/embedded-aws';
import type { Pod } from '../emulator/client/kubernetes';
import { NAMESPACE, SERVICE } from './cluster';
import type { Load } from './load';
import { askDuring, report } from './load';
import { sharedService } from './shared-service';

// Updates that must fail, and pods that end while kube-proxy is late. The tests share a deployment.

const SECONDS = { rolloutSeconds: '45', startupSeconds: '40' };

const service = sharedService();
let before: Pod[];

const names = (pods: Pod[]) => pods.map(({ metadata }) => metadata.name).sort();

/**
 * Makes an update that fails, while clients ask.
 *
 * @param replaced Whether a new pod may be ready for a moment, in which Kubernetes ends an old one; the rollback makes another.
 */
async function refused(context: Record<string, string>, replaced = false): Promise<{ result: CommandResult; load: Load }> {
  const { result, load } = await askDuring(service.address, service.deploy({ ...SECONDS, ...context }));
  report(JSON.stringify(context), load);
  expect(result.code).not.toBe(0);
  expect(await service.status()).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(load.failures).toEqual([]);
  expect(load.answered).toBeGreaterThan(100);
  before = await eventually(async () => {
    const pods = await service.cluster.pods();
    expect(replaced ? pods.map(versionOf) : names(pods)).toEqual(replaced ? before.map(versionOf) : names(before));
    return pods;
  }, 120);
  return { result, load };
}

/** Lets every node's kube-proxy change its rules at most once in so many seconds. */
async function slowDown(seconds: number): Promise<void> {
  for (const { metadata } of await service.cluster.nodes()) {
    const path = join(metadata.annotations['embedded-aws/directory'], 'kube-proxy.json');
    const configuration = JSON.parse(readFileSync(path, 'utf8')) as { nftables: object };
    // kube-proxy ends when its configuration changes, and is started again.
    writeFileSync(path, JSON.stringify({ ...configuration, nftables: { ...configuration.nftables, minSyncPeriod: `${seconds}s` } }));
  }
  await new Promise((done) => setTimeout(done, 10_000));
}

/** Replaces all pods while clients ask. */
async function restarted(): Promise<Load> {
  const { load } = await askDuring(service.address, (async () => {
    await service.cluster.kubectl('rollout', 'restart', `deployment/${SERVICE}`, '-n', NAMESPACE);
    await service.cluster.kubectl('rollout', 'status', `deployment/${SERVICE}`, '-n', NAMESPACE, '--timeout=300s');
    await new Promise((done) => setTimeout(done, 10_000));
  })());
  return load;
}

beforeAll(async () => {
  await service.deployFirst({});
  before = await service.cluster.pods();
  expect(before.map(versionOf)).toEqual(['1', '1', '1']);
});

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
    const { ArtifactBucket: bucket, ManifestKey } = service.outputs();
    const key = ManifestKey.replace('manifest.json', 'model.tflite');
    const model = await service.deployment.bytes(bucket, key);
    const flipped = Uint8Array.from(model);
    flipped[flipped.length >> 1] ^= 1;
    await service.deployment.write(bucket, key, flipped);
    try {
      // The same version in new pods, which copy the model again.
      const { result } = await refused({ cpuRequest: '0.11' });

      expect(result.output).toMatch(/verify-files ends with exit code 1[^]*model\.tflite: FAILED/);
    } finally {
      await service.deployment.write(bucket, key, model);
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
    const { spec } = await service.cluster.get<{ spec: { template: { spec: { containers: { args: string[] }[] } } } }>('deployment', SERVICE, '-n', NAMESPACE);
    container.args = spec.template.spec.containers[0].args.map((arg) => arg.replace(/^--drain_delay_in_seconds=.*/, '--drain_delay_in_seconds=0'));
    await service.cluster.kubectl('patch', 'deployment', SERVICE, '-n', NAMESPACE, '-p', JSON.stringify({ spec: { template: { spec: { containers: [container] } } } }));
    await service.cluster.kubectl('rollout', 'status', `deployment/${SERVICE}`, '-n', NAMESPACE, '--timeout=300s');

    const load = await restarted();

    report('no drain time', load);
    expect(load.failures.length).toBeGreaterThan(0);
  });
});
