import { isCanary, versionOf } from '../e2e/deployed-service';
import { HELD_OUT } from '../e2e/digits';
import { eventually } from '../e2e/eventually';
import { logged } from '../e2e/requests';
import type { Pod } from '../emulator/client/kubernetes';
import type { Watched } from './canary';
import { versionsOf, watchPods } from './canary';
import { serverProcess } from './cluster';
import { askDuring, report } from './load';
import { expectSuccess, sharedService } from './shared-service';

// The canary's pod serves clients behind the same Service, and the gate reads its metrics through the API server. The tests share a deployment.

const BAKE = { bakeSeconds: '60' };

const service = sharedService();

const gateLog = () => logged(service.deployment.emulator, 'TensorFlowRollouts');
const stable = (pods: Pod[]) => pods.filter((pod) => !isCanary(pod)).map(({ metadata }) => metadata.name).sort();

async function settled(version: string): Promise<Pod[]> {
  return eventually(async () => {
    const pods = await service.cluster.pods();
    expect(versionsOf(pods)).toEqual({ canary: [version], stable: [version, version, version] });
    return pods;
  }, 120);
}

/** Deploys while clients ask, and returns how the deployment ended and which pods took requests meanwhile. */
async function updated(what: string, context: Record<string, string>, body?: unknown): Promise<{ code: number; output: string; seen: Watched[] }> {
  const watching = watchPods(service.cluster);
  const { result, load } = await askDuring(service.address, service.deploy({ ...BAKE, ...context }), { body }).finally(() => watching.stop());
  report(what, load);
  expect(load.failures).toEqual([]);
  expect(load.answered).toBeGreaterThan(100);
  return { ...result, seen: watching.seen };
}

describe('a ModelService with a canary on real nodes, under load', () => {
  test('a first deployment makes a canary beside three other pods, and bakes nothing', async () => {
    await service.deployFirst(BAKE);

    await settled('1');
    expect(await gateLog()).toContain('models/digits-canary may go on: nothing serves yet');
  });

  test('a version that works bakes in the canary, and then reaches the other pods, without a failed request', async () => {
    const before = stable(await service.cluster.pods());

    const { seen, ...result } = await updated('an update with a canary', { recipe: 'none' });

    expectSuccess(result);
    const baking = seen.filter(({ canary }) => canary.includes('2')).filter(({ names }) => names.join() === before.join());
    // Seconds of the bake, in which one pod serves the new version and three the previous one.
    expect(baking.length).toBeGreaterThan(30);
    expect(stable(await settled('2'))).not.toEqual(before);
    const [, requests] = /models\/digits-canary may go on: (\d+) requests, 0 failed, 99th percentile [\d.]+ ms/.exec(await gateLog())!;
    expect(Number(requests)).toBeGreaterThan(100);
  });

  // Injects a fault.
  test('a version that is too slow for its limit goes back at the end of its bake, without a failed request, and no other pod was touched', async () => {
    const before = stable(await settled('2'));
    const body = { instances: HELD_OUT.map(({ image }) => image) };

    const { code, output, seen } = await updated('a canary that goes back', { cpuRequest: '0.11', maxMilliseconds: '1' }, body);

    expect(code).not.toBe(0);
    expect(await service.status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(output).toMatch(/the 99th percentile of the new version's latency is [\d.]+ ms, and maxLatency allows 1\.0 ms/);
    expect(output).toMatch(/models\/digits-canary: stopped after \d+ s of 60 s, before any other pod was changed/);
    expect(seen.filter(({ canary }) => canary.includes('1')).length).toBeGreaterThan(30);
    expect(seen.map(({ names }) => names)).toEqual(seen.map(() => before));
    expect(stable(await settled('2'))).toEqual(before);
    expect((await service.cluster.pods()).map(versionOf)).toEqual(['2', '2', '2', '2']);
  });

  // Injects a fault.
  test('a version whose server ends during the bake goes back at once, without a failed request, and no other pod was touched', async () => {
    const before = await settled('2');
    const known = before.map(({ metadata }) => metadata.name);
    const bakes = async () => (await gateLog()).split('pods of digits-canary are available').length;
    const earlier = await bakes();
    const ending = eventually(async () => {
      expect(await bakes()).toBe(earlier + 1);
      const [{ metadata }] = (await service.cluster.pods()).filter((pod) => isCanary(pod) && !known.includes(pod.metadata.name));
      // The server drains, as programs do that end by themselves in order, and is started again.
      process.kill(serverProcess(metadata.uid), 'SIGTERM');
    }, 300);

    const [{ code, output, seen }] = await Promise.all([updated('a canary whose server ends', { recipe: 'none', cpuRequest: '0.12', bakeSeconds: '300' }), ending]);

    expect(code).not.toBe(0);
    expect(await service.status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(output).toMatch(/model-server[^]*models\/digits-canary: stopped after \d+ s of 300 s, before any other pod was changed/);
    expect(seen.map(({ names }) => names)).toEqual(seen.map(() => stable(before)));
    expect(stable(await settled('2'))).toEqual(stable(before));
  });
});
