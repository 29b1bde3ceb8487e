import { versionOf } from '../e2e/deployed-service';
import { accuracy, HELD_OUT, likeliest } from '../e2e/digits';
import { eventually } from '../e2e/eventually';
import type { Pod } from '../emulator/client/kubernetes';
import type { ReportedContainer } from './cluster';
import { NAMESPACE, SERVICE, serverProcess } from './cluster';
import { askDuring, predict, report } from './load';
import { expectSuccess, sharedService } from './shared-service';

// The tests share a deployment and go on from each other's state; the node that is killed does not come back.

const service = sharedService();
/** The version that was deployed last. */
let current = '1';

interface ClaimingPod {
  readonly spec: { readonly volumes: { readonly persistentVolumeClaim?: object }[] };
}

async function settled(number = 3): Promise<Pod[]> {
  return eventually(async () => {
    const pods = await service.cluster.pods();
    expect(pods.map(versionOf)).toEqual(Array.from({ length: number }, () => current));
    return pods;
  }, 180);
}

describe('ModelService with ModelServer.LITERT, deployed by the CDK command line to real nodes', () => {
  test('a first deployment ends with three ready pods, which decide held-out digits over the Service', async () => {
    await service.deployFirst({});

    const pods = await service.cluster.pods();
    expect(pods.map(versionOf)).toEqual(['1', '1', '1']);
    const predictions = await predict(service.address, { body: { instances: HELD_OUT.map(({ image }) => image) } });
    expect(accuracy(predictions.map(likeliest))).toBeGreaterThan(0.95);
    // Nothing but kubelet reports these.
    const nodes = await service.cluster.nodes();
    expect(nodes.map(({ status }) => status.nodeInfo.kubeletVersion)).toEqual(nodes.map(() => expect.stringMatching(/^v1\.\d+\.\d+$/)));
    expect(nodes.map(({ status }) => status.nodeInfo.containerRuntimeVersion)).toEqual(nodes.map(() => expect.stringMatching(/^containerd:/)));
  });

  test('the pods are spread over the three zones', async () => {
    const zones = new Map((await service.cluster.nodes()).map(({ metadata }) => [metadata.name, metadata.labels['topology.kubernetes.io/zone']]));

    expect(new Set((await settled()).map(({ spec }) => zones.get(spec.nodeName!))).size).toBe(3);
  });

  test('containerd applies the restricted pod security standard to the server', async () => {
    const [pod] = await service.cluster.pods();
    const status = Object.fromEntries((await service.cluster.exec(pod, 'cat /proc/1/status')).split('\n').map((line) => line.split(/:\s+/)));

    expect(status).toMatchObject({ Name: 'model_server', Uid: expect.stringMatching(/^65532\t65532/), Gid: expect.stringMatching(/^65532\t65532/) });
    expect(status).toMatchObject({ CapEff: '0000000000000000', CapBnd: '0000000000000000', NoNewPrivs: '1', Seccomp: '2' });
    await expect(service.cluster.exec(pod, 'touch /written')).rejects.toThrow('Read-only file system');
    await expect(service.cluster.exec(pod, 'touch /models/digits/written')).rejects.toThrow('Read-only file system');
    expect(await service.cluster.exec(pod, 'touch /tmp/written && ls /tmp')).toContain('written');
  });

  test('a pod that breaks the standard is refused', async () => {
    await expect(service.cluster.kubectl('run', 'root', '-n', NAMESPACE, '--image=public.ecr.aws/amazonlinux/amazonlinux:2023-minimal')).rejects.toThrow('violates PodSecurity "restricted');
  });

  test('an update to another version fails no request', async () => {
    const { result, load } = await askDuring(service.address, service.deploy({ recipe: 'none' }));

    report('rolling update', load);
    expectSuccess(result);
    expect(load.failures).toEqual([]);
    expect(load.answered).toBeGreaterThan(100);
    current = '2';
    await settled();
  });

  test('an update that mounts the bucket in the place of a copy fails no request, and no pod can write there', async () => {
    const { result, load } = await askDuring(service.address, service.deploy({ recipe: 'none', storage: 'mounted', driver: 'installed' }));

    report('an update that mounts the bucket', load);
    expectSuccess(result);
    expect(load.failures).toEqual([]);
    const [pod] = await eventually(async () => {
      const pods = await settled();
      const { items } = await service.cluster.get<{ items: ClaimingPod[] }>('pods', '-n', NAMESPACE);
      expect(items.map(({ spec }) => spec.volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim))).toEqual(pods.map(() => true));
      return pods;
    }, 180);
    // All versions are below the prefix that is mounted.
    expect((await service.cluster.exec(pod, 'ls /models/digits')).split(/\s+/)).toEqual(expect.arrayContaining(['1', '2']));
    await expect(service.cluster.exec(pod, 'touch /models/digits/written')).rejects.toThrow('Read-only file system');
  });

  // Injects a fault.
  test('a server that hangs is taken out of the Service by its readiness probe, and restarted by its liveness probe', async () => {
    const [pod] = await settled();
    process.kill(serverProcess(pod.metadata.uid), 'SIGSTOP');

    const others = await eventually(async () => {
      const found = await service.cluster.pods();
      expect(found).toHaveLength(2);
      return found;
    });
    expect(others.map(({ metadata }) => metadata.name)).not.toContain(pod.metadata.name);
    const { load } = await askDuring(service.address, eventually(async () => {
      const { status } = await service.cluster.get<{ status: { containerStatuses: ReportedContainer[] } }>('pod', pod.metadata.name, '-n', NAMESPACE);
      expect(status.containerStatuses[0].restartCount).toBe(1);
    }, 240));
    report('a server that hangs', load);
    // Requests that it got before the probe failed are lost; the rules of every node follow within a second.
    expect(load.failures.length).toBeLessThan(load.answered / 100);
    expect((await settled()).map(({ metadata }) => metadata.name)).toContain(pod.metadata.name);
  });

  test('the autoscaler adds pods under load by the metrics of kubelet, and removes them afterwards', async () => {
    const scaleUp = { policies: [{ type: 'Pods', value: 2, periodSeconds: 5 }] };
    const scaleDown = { stabilizationWindowSeconds: 5, policies: [{ type: 'Pods', value: 5, periodSeconds: 5 }] };
    const limited = (maxReplicas: number) => JSON.stringify({ spec: { maxReplicas, behavior: { scaleUp, scaleDown } } });
    await service.cluster.kubectl('patch', 'hpa', SERVICE, '-n', NAMESPACE, '--type=merge', '-p', limited(5));
    const body = { instances: Array.from({ length: 20 }, () => HELD_OUT.map(({ image }) => image)).flat() };

    const { load } = await askDuring(service.address, settled(5), { body });
    report('scaling up', load);
    expect(load.failures).toEqual([]);
    const { load: after } = await askDuring(service.address, settled(3));
    report('scaling down', after);
    expect(after.failures).toEqual([]);
    // Nothing of what follows is about scaling.
    await service.cluster.kubectl('patch', 'hpa', SERVICE, '-n', NAMESPACE, '--type=merge', '-p', limited(3));
  });

  // Injects a fault.
  test('a node that is drained fails no request', async () => {
    const [{ spec }] = await settled();
    const { load } = await askDuring(service.address, (async () => {
      await service.cluster.kubectl('drain', spec.nodeName!, '--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=240s');
      return settled();
    })());

    report('drain of a node', load);
    expect(load.failures).toEqual([]);
    expect((await service.cluster.pods()).map((pod) => pod.spec.nodeName)).not.toContain(spec.nodeName);
    await service.cluster.kubectl('uncordon', spec.nodeName!);
  });

  // Injects a fault.
  test('a node that dies costs requests until the control plane has noticed, and then only those from ports of lost ones, until these expire', async () => {
    const [pod] = await settled();
    const node = (await service.cluster.nodes()).find(({ metadata }) => metadata.name === pod.spec.nodeName)!;
    const lost = await service.cluster.podAddresses(node.metadata.name);
    process.kill(Number(node.metadata.annotations['embedded-aws/process']), 'SIGKILL');
    const notReady = eventually(async () => {
      const conditions = (await service.cluster.get<typeof node>('node', node.metadata.name)).status.conditions;
      expect(conditions.find(({ type }) => type === 'Ready')?.status).toBe('Unknown');
      expect((await service.cluster.pods()).map(({ spec }) => spec.nodeName)).not.toContain(node.metadata.name);
    }, 180);
    const { load } = await askDuring(service.address, notReady, { timeoutSeconds: 5 });
    report('a node that dies', load);
    // The share of its pods, which kube-proxy goes on to choose; each costs a client its whole timeout.
    expect(load.failures.length).toBeGreaterThan(0);
    expect(load.answered).toBeGreaterThan(0);

    // kube-proxy removes no TCP connection that the kernel tracks. Until it expires, a new one from the same port goes to the same pod.
    expect(await service.cluster.unanswered(lost)).toBeGreaterThan(0);
    const expired = eventually(async () => expect(await service.cluster.unanswered(lost)).toBe(0), 300);
    const { load: later } = await askDuring(service.address, expired, { timeoutSeconds: 5 });
    report('while its connections are tracked', later);
    expect(later.failures.length).toBeLessThan(later.answered / 50);

    const { load: afterwards } = await askDuring(service.address, new Promise((done) => setTimeout(done, 10_000)), { timeoutSeconds: 5 });
    report('after that', afterwards);
    expect(afterwards.failures).toEqual([]);
    expect(afterwards.answered).toBeGreaterThan(100);
  });
});
