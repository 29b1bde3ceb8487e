import type { Pod } from '../emulator/client/kubernetes';
import { isReady, KubernetesApi } from '../emulator/client/kubernetes';
import { Deployment } from './deployment';

/** The nodes that run the pods: `npm run test:cluster -- --nodes real` has three real ones. */
const NODES = process.env.SERVICE_NODES ?? 'simulated';
const NAMESPACE = 'models';
const TRACK_LABEL = 'cdk-tensorflow/track';
const VERSION_LABEL = 'cdk-tensorflow/version';

/** The outputs of the service's stack. */
export interface ServiceOutputs {
  readonly ClusterName: string;
  readonly ArtifactBucket: string;
  readonly ManifestKey: string;
  /** URL of the queue in service-app.ts. */
  readonly QueueUrl?: string;
  /** Bucket of an app that captures requests. */
  readonly CaptureBucket?: string;
}

/** Starts the embedded AWS for an app with a service, and says what runs the pods. */
export async function startService(app: string): Promise<Deployment> {
  const deployment = await Deployment.start(app, ['--nodes', NODES]);
  process.stdout.write(`nodes are ${deployment.emulator.nodes}\n`);
  return deployment;
}

/** Returns how many seconds a deployment waits for pods that keep failing: real nodes pull images, and wait between restarts. */
export function failingSeconds({ emulator }: Deployment): string {
  return emulator.nodes.startsWith('real') ? '120' : '25';
}

/** The outputs of the last successful deployment of a service. */
export function serviceOutputs(deployment: Deployment, stack: string): ServiceOutputs {
  return deployment.outputs(stack) as unknown as ServiceOutputs;
}

/** The pods of a service that take requests. Throws if its cluster does not exist. */
export async function readyPods(deployment: Deployment, { ClusterName }: ServiceOutputs): Promise<Pod[]> {
  const cluster = await KubernetesApi.connect(deployment.emulator, ClusterName);
  return (await cluster.pods(NAMESPACE)).filter(isReady);
}

/** Tells whether a pod is the canary's. */
export function isCanary({ metadata }: Pod): boolean {
  return metadata.labels[TRACK_LABEL] === 'canary';
}

/** The version of the model that a pod serves. */
export function versionOf({ metadata }: Pod): string {
  return metadata.labels[VERSION_LABEL];
}
