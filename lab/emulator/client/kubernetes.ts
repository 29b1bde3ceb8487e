import { request as httpRequest } from 'http';
import { request as httpsRequest } from 'https';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { EmbeddedAws } from './embedded-aws';
import type { Answer } from './function-url';

/** Annotations that the embedded AWS gives a running pod: where on this machine its named ports are, such as `embedded-aws/http`. */
const ADDRESS = 'embedded-aws/';

/** A pod, as far as it is looked at here. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly conditions?: { readonly type: string; readonly status: string }[];
    readonly initContainerStatuses?: ContainerStatus[];
    readonly containerStatuses?: ContainerStatus[];
  };
}

/** Status of a pod's container. */
export interface ContainerStatus {
  readonly name: string;
  readonly state: { readonly waiting?: { readonly reason: string; readonly message?: string } };
}

/** The API of a cluster in the embedded AWS, with a token as `aws eks get-token` makes them. */
export class KubernetesApi {
  /** Finds a cluster's address, by the same call as `aws eks update-kubeconfig`. */
  public static async connect(emulator: EmbeddedAws, clusterName: string): Promise<KubernetesApi> {
    const signed = await signer('eks', emulator.region).sign({
      method: 'GET', protocol: 'http:', hostname: '127.0.0.1', path: `/clusters/${clusterName}`, query: {}, headers: { host: `127.0.0.1:${emulator.port}` },
    });
    const { status, body } = await send(httpRequest, { host: '127.0.0.1', port: emulator.port, path: signed.path, headers: signed.headers });
    if (status !== 200) {
      throw new Error(`there is no cluster ${clusterName}: ${status} ${body}`);
    }
    const { cluster } = JSON.parse(body) as { cluster: { endpoint: string; certificateAuthority: { data: string } } };
    return new KubernetesApi(emulator, clusterName, cluster.endpoint, Buffer.from(cluster.certificateAuthority.data, 'base64'));
  }

  private constructor(
    private readonly emulator: EmbeddedAws, private readonly clusterName: string, private readonly endpoint: string, private readonly authority: Buffer,
  ) {}

  /** The pods of a namespace that are not about to go. */
  public async pods(namespace: string): Promise<Pod[]> {
    const { items } = await this.get<{ items: (Pod & { metadata: { deletionTimestamp?: string } })[] }>(`/api/v1/namespaces/${namespace}/pods`);
    return items.filter(({ metadata }) => !metadata.deletionTimestamp);
  }

  /** Returns the object at a path of the API. Throws if it does not exist or is not accessible. */
  public async get<T>(path: string): Promise<T> {
    const { hostname, port } = new URL(this.endpoint);
    const { status, body } = await send(httpsRequest, {
      host: hostname, port: Number(port), path, headers: { authorization: `Bearer ${await this.token()}` }, ca: this.authority,
    });
    if (status !== 200) {
      throw new Error(`${path}: ${status} ${body.slice(0, 300)}`);
    }
    return JSON.parse(body) as T;
  }

  /** A signed request to STS as text, which is what a token of EKS is. */
  private async token(): Promise<string> {
    const hostname = `sts.${this.emulator.region}.amazonaws.com`;
    const { query } = await signer('sts', this.emulator.region).presign({
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { 'host': hostname, 'x-k8s-aws-id': this.clusterName },
    }, { expiresIn: 60 });
    const url = `https://${hostname}/?${new URLSearchParams(query as Record<string, string>).toString()}`;
    return `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;
  }
}

/** Tells whether a pod's readiness probe succeeds. */
export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

/** Sends a request to the REST port of a pod. */
export function callPod(pod: Pod, method: string, path: string, body?: unknown): Promise<Answer> {
  const address = pod.metadata.annotations[`${ADDRESS}http`];
  if (address === undefined) {
    throw new Error(`pod ${pod.metadata.name} does not run`);
  }
  const [host, port] = address.split(':');
  return send(httpRequest, { host, port: Number(port), path, headers: { 'content-type': 'application/json' }, method }, body === undefined ? undefined : JSON.stringify(body));
}

function signer(service: string, region: string): SignatureV4 {
  return new SignatureV4({ service, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, sha256: Sha256 });
}

function send(open: typeof httpRequest, options: object, content?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = open(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}
