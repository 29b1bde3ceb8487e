import { existsSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import { accuracy, HELD_OUT, likeliest } from '../e2e/digits';
import { eventually } from '../e2e/eventually';
import { recordings } from '../e2e/grants/recording';
import type { Pod } from '../emulator/client/kubernetes';
import { NAMESPACE } from './cluster';
import { predict } from './load';
import { claimingPod, MISSING_BUCKET, OTHER_WORKLOAD } from './other-workloads';
import { sharedService } from './shared-service';

// Buckets that the real Mountpoint mounts on real nodes. The tests share a deployment, and the last one kills the embedded AWS.

const SHOWN = '/models/digits';

const service = sharedService();

interface Volume {
  readonly spec: { readonly mountOptions: string[] };
}

interface Event {
  readonly reason: string;
  readonly message: string;
}

/** The processes of Mountpoint that mount something for pods, by their uids. */
function mountProcesses(...uids: string[]): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((id) => {
    try {
      const [program, ...args] = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      return program.endsWith('/mount-bucket') && uids.some((uid) => args.some((arg) => arg.includes(`/pods/${uid}/`)));
    } catch {
      return false; // the process has ended
    }
  });
}

/** Returns the mounts of a pod on a node. */
function mountsOf(node: number, uid: string): string[] {
  return readFileSync(`/proc/${node}/mountinfo`, 'utf8').split('\n').filter((line) => line.includes(uid) && line.includes(' - fuse '));
}

async function processOf(node: string): Promise<number> {
  const { metadata } = (await service.cluster.nodes()).find((candidate) => candidate.metadata.name === node)!;
  return Number(metadata.annotations['embedded-aws/process']);
}

/** The accuracy of what the service answers now. */
async function servedAccuracy(): Promise<number> {
  const predictions = await predict(service.address, { body: { instances: HELD_OUT.map(({ image }) => image) } });
  return accuracy(predictions.map(likeliest));
}

/** Makes a pod of the other workload, and returns what its event says about its volume. */
async function refusal(name: string, bucket: string): Promise<string> {
  const file = service.deployment.file(`${name}.json`);
  writeFileSync(file, JSON.stringify(claimingPod(name, bucket, service.deployment.emulator.region)));
  await service.cluster.kubectl('apply', '-f', file);
  return eventually(async () => {
    const { items } = await service.cluster.get<{ items: Event[] }>('events', '-n', OTHER_WORKLOAD.namespace, `--field-selector=involvedObject.name=${name}`);
    const failed = items.filter(({ reason, message }) => reason === 'FailedMount' && message.includes('cannot be mounted'));
    expect(failed).not.toEqual([]);
    return failed[0].message;
  }, 180);
}

describe('a ModelService with ModelStorage.MOUNTPOINT on real nodes', () => {
  test('predicts with the model that Mountpoint shows each pod', async () => {
    await service.deployFirst({ recipe: 'none', storage: 'mounted', driver: 'installed', otherWorkload: 'associated' });
    expect(service.deployment.emulator.nodes).toContain('volumes of S3 are mounted by Mountpoint');

    expect(await servedAccuracy()).toBeGreaterThan(0.95);

    const pods = await service.cluster.pods();
    expect(pods).toHaveLength(3);
    for (const pod of pods) {
      const mounts = (await service.cluster.exec(pod, 'cat /proc/mounts')).split('\n').filter((line) => line.includes(` ${SHOWN} `));
      expect(mounts).toEqual([expect.stringMatching(new RegExp(`^mountpoint-s3 ${SHOWN} fuse ro,.*allow_other`))]);
      expect(mountProcesses(pod.metadata.uid)).toHaveLength(1);
    }
  });

  test('reads with the role of its pods, as IAM allows it', () => {
    const file = [...recordings().keys()].find((name) => name.startsWith('mountpoint-'))!;
    const requests = recordings().get(file)!.requests.filter(({ action, resource }) => action === 's3:GetObject' && resource.endsWith('.tflite'));

    expect(requests).not.toEqual([]);
    expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  test('nobody can write there, and nobody but the group of the pod can read', async () => {
    const [pod] = await service.cluster.pods();

    await expect(service.cluster.exec(pod, `touch ${SHOWN}/written`)).rejects.toThrow('Read-only file system');
    expect(await service.cluster.exec(pod, `ls -ldn ${SHOWN}`)).toMatch(/^drwxrwx---\s+\d+\s+0\s+65532\s/);
  });

  test('an object that appears in the bucket after the mount is seen, and one that goes is not', async () => {
    const { items: [{ spec: { mountOptions } }] } = await service.cluster.get<{ items: Volume[] }>('persistentvolumes');
    const prefix = mountOptions.find((option) => option.startsWith('prefix '))!.slice('prefix '.length);
    const [pod] = await service.cluster.pods();
    const read = () => service.cluster.exec(pod, `cat ${SHOWN}/later/appeared.txt`);
    await expect(read()).rejects.toThrow('No such file');

    await service.deployment.write(service.outputs().ArtifactBucket, `${prefix}later/appeared.txt`, 'written after the mount');
    expect(await eventually(read)).toBe('written after the mount');

    await service.deployment.remove(service.outputs().ArtifactBucket, `${prefix}later/appeared.txt`);
    await eventually(() => expect(read()).rejects.toThrow('No such file'));
  });

  test('a pod that ends takes its mount and its process with it, and its replacement has its own', async () => {
    const [{ metadata: { name, uid }, spec }] = await service.cluster.pods();
    const node = await processOf(spec.nodeName!);
    expect(mountsOf(node, uid)).not.toEqual([]);

    await service.cluster.kubectl('delete', 'pod', name, '-n', NAMESPACE);

    await eventually(async () => {
      expect(mountProcesses(uid)).toEqual([]);
      expect(mountsOf(node, uid)).toEqual([]);
    }, 120);
    const pods = await eventually(async () => {
      const found = await service.cluster.pods();
      expect(found).toHaveLength(3);
      return found;
    }, 180);
    expect(mountProcesses(...pods.map((pod) => pod.metadata.uid))).toHaveLength(3);
  });
});

describe('a pod on real nodes whose volume Mountpoint cannot mount', () => {
  // Injects a fault.
  test('its role may not list the bucket: the event names the role and the action, and the service answers', async () => {
    const bucket = service.outputs().ArtifactBucket;

    const said = await refusal('denied', bucket);

    expect(said).toContain(`bucket ${bucket} cannot be mounted`);
    expect(said).toMatch(/OtherWorkloadRole[^]*is not authorized to perform: s3:ListBucket/);
    expect(await servedAccuracy()).toBeGreaterThan(0.95);
  });

  test('there is no such bucket: the event says so', async () => {
    expect(await refusal('missing', MISSING_BUCKET)).toMatch(new RegExp(`${MISSING_BUCKET} cannot be mounted[^]*(NoSuchBucket|does not exist)`));
  });

  test('it leaves no process behind when it is deleted', async () => {
    const { items } = await service.cluster.get<{ items: Pod[] }>('pods', '-n', OTHER_WORKLOAD.namespace);
    await service.cluster.kubectl('delete', 'pods', '--all', '-n', OTHER_WORKLOAD.namespace, '--timeout=120s');

    expect(items).toHaveLength(2);
    expect(mountProcesses(...items.map(({ metadata }) => metadata.uid))).toEqual([]);
  });
});

describe('an embedded AWS that is killed', () => {
  test('leaves no process of Mountpoint, no node and no mount', async () => {
    const before = mountProcesses(...(await service.cluster.pods()).map(({ metadata }) => metadata.uid));
    const nodes = (await service.cluster.nodes()).map(({ metadata }) => metadata.annotations);
    expect(before).toHaveLength(3);

    process.kill(service.deployment.emulator.pid, 'SIGKILL');

    await eventually(() => Promise.resolve(expect(before.filter((id) => existsSync(`/proc/${id}`))).toEqual([])), 120);
    await eventually(() => Promise.resolve(expect(nodes.filter((node) => existsSync(node['embedded-aws/directory']))).toEqual([])), 300);
    expect(nodes.filter((node) => existsSync(`/proc/${node['embedded-aws/process']}`))).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain('mountpoint-s3');
  });
});
