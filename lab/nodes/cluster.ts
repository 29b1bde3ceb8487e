import { execFile } from 'child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'fs';
import { dirname, join } from 'path';
import { promisify } from 'util';
import type { ServiceOutputs } from '../e2e/deployed-service';
import type { Deployment } from '../e2e/deployment';
import type { Pod } from '../emulator/client/kubernetes';
import { isReady, KubernetesApi } from '../emulator/client/kubernetes';

export const NAMESPACE = 'models';
/** The name of the Deployment, the Service and the autoscaler. */
export const SERVICE = 'digits';

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly status: { readonly conditions: { readonly type: string; readonly status: string }[]; readonly nodeInfo: Record<string, string> };
}

/** A container as kubelet reports it. */
export interface ReportedContainer {
  readonly restartCount: number;
  readonly lastState: { readonly terminated?: { readonly reason: string; readonly exitCode: number } };
}

/** The cluster with real nodes that a stack has made. */
export class Cluster {
  public static async of(deployment: Deployment, { ClusterName }: ServiceOutputs): Promise<Cluster> {
    const api = await KubernetesApi.connect(deployment.emulator, ClusterName);
    const { items } = await api.get<{ items: Node[] }>('/api/v1/nodes');
    return new Cluster(join(dirname(items[0].metadata.annotations['embedded-aws/directory']), 'control-plane', 'kubeconfig'));
  }

  private constructor(private readonly kubeconfig: string) {}

  /** Runs kubectl as an administrator, and returns what it prints. */
  public async kubectl(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('kubectl', [`--kubeconfig=${this.kubeconfig}`, ...args], { maxBuffer: 1 << 24 });
    return stdout;
  }

  public async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T;
  }

  public async nodes(): Promise<Node[]> {
    return (await this.get<{ items: Node[] }>('nodes')).items;
  }

  /** The pods of the service that take requests. */
  public async pods(): Promise<Pod[]> {
    const { items } = await this.get<{ items: (Pod & { metadata: { deletionTimestamp?: string } })[] }>('pods', '-n', NAMESPACE);
    return items.filter((pod) => !pod.metadata.deletionTimestamp && isReady(pod));
  }

  /** The addresses of the service's pods on a node. */
  public async podAddresses(node: string): Promise<string[]> {
    const { items } = await this.get<{ items: (Pod & { status: { podIP: string } })[] }>('pods', '-n', NAMESPACE);
    return items.filter(({ spec }) => spec.nodeName === node).map(({ status }) => status.podIP);
  }

  /** Returns how many connections to pods, which none of them has answered, the kernel tracks for nodes that run. */
  public async unanswered(addresses: string[]): Promise<number> {
    const tracked = (await this.nodes()).map(({ metadata }) => `/proc/${metadata.annotations['embedded-aws/process']}/net/nf_conntrack`)
      .filter((file) => existsSync(file)).flatMap((file) => readFileSync(file, 'utf8').split('\n'));
    return tracked.filter((line) => line.includes(' SYN_SENT ') && addresses.some((address) => line.includes(`src=${address} `))).length;
  }

  /** Returns the address on this machine of the Service's REST port: a node's kube-proxy chooses the pod. */
  public async address(): Promise<string> {
    const { metadata } = await this.get<Pod>('service', SERVICE, '-n', NAMESPACE);
    return metadata.annotations['embedded-aws/http'];
  }

  /** Runs a shell command in the server's container. */
  public exec(pod: Pod, command: string): Promise<string> {
    return this.kubectl('exec', '-n', NAMESPACE, pod.metadata.name, '-c', 'model-server', '--', '/bin/sh', '-c', command);
  }
}

/** The id, on this machine, of the server's process in a pod. */
export function serverProcess(uid: string): number {
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${id}/exe`).endsWith('/model_server') && readFileSync(`/proc/${id}/cgroup`, 'utf8').includes(uid)) {
        return Number(id);
      }
    } catch {
      // The process has ended meanwhile, or is the kernel's.
    }
  }
  throw new Error(`no model_server runs in the pod with the uid ${uid}`);
}
