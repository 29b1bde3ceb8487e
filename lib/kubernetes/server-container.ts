import { inNameOrder } from '../private/in-name-order';
import { SERVER_PROGRAM, serverArguments } from '../serving/server-command';
import { HEALTH_CHECK, healthCheckPath } from '../serving/serving-settings';
import type { ServingSettings } from '../serving/serving-settings';
import { TERMINATION_MESSAGE } from './init-containers';
import { containerSecurity } from './kubernetes-object';

const CONFIG_DIRECTORY = '/etc/tensorflow-serving';

export interface ServerResources {
  readonly cpuRequest: number;
  readonly cpuLimit?: number;
  /** In Kubernetes' notation. */
  readonly memoryRequest: string;
  readonly memoryLimit?: string;
}

export interface ServerContainerOptions {
  readonly image: string;
  readonly modelName: string;
  readonly serving: ServingSettings;
  readonly resources: ServerResources;
  readonly environment: { [name: string]: string };
  readonly modelMount: Record<string, unknown>;
  readonly readOnlyRootFilesystem: boolean;
  readonly startupSeconds: number;
  readonly drainSeconds: number;
}

/** The container of a server, as Kubernetes knows it. */
export interface ServerContainer {
  readonly name: string;
  readonly [field: string]: unknown;
}

const PROBE_SECONDS = 5;

/** Returns the server's container. */
export function serverContainer(options: ServerContainerOptions): ServerContainer {
  const { serving, resources } = options;
  const { grpcPort, restPort } = serving;
  return {
    name: 'tensorflow-serving',
    image: options.image,
    // The image's entrypoint is a shell that does not forward signals.
    command: [SERVER_PROGRAM],
    args: serverArguments(serving, {
      configDirectory: CONFIG_DIRECTORY,
      processors: resources.cpuLimit ?? resources.cpuRequest,
      processorLimit: resources.cpuLimit,
      drainSeconds: options.drainSeconds,
    }),
    ...environmentVariables(options.environment),
    ports: [{ name: 'grpc', containerPort: grpcPort }, { name: 'http', containerPort: restPort }],
    ...probes(options.modelName, grpcPort, options.startupSeconds),
    // The server exits immediately on SIGTERM: delay it until no new requests arrive and all others are answered.
    lifecycle: { preStop: { sleep: { seconds: options.drainSeconds } } },
    ...TERMINATION_MESSAGE,
    resources: renderResources(resources),
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [
      { ...options.modelMount, readOnly: true },
      { name: 'config', mountPath: CONFIG_DIRECTORY, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

/** Renders the user's variables of the server. */
export function environmentVariables(given: { [name: string]: string }): Record<string, unknown> {
  const env = Object.entries(inNameOrder(given) ?? {}).map(([name, value]) => ({ name, value }));
  return env.length === 0 ? {} : { env };
}

/** Formats a number of processors for Kubernetes. */
function cpuQuantity(processors: number): string {
  return `${Math.round(processors * 1000)}m`;
}

/**
 * Readiness: the model answers. The threshold tolerates bursts of requests, or all pods would leave the Service together.
 * Liveness: the process responds, so that a slow model load does not kill it.
 */
function probes(modelName: string, grpcPort: number, startupSeconds: number): Record<string, unknown> {
  const loaded = { httpGet: { path: healthCheckPath(modelName), port: 'http' } };
  return {
    startupProbe: { ...loaded, periodSeconds: PROBE_SECONDS, timeoutSeconds: 3, failureThreshold: Math.ceil(startupSeconds / PROBE_SECONDS) },
    readinessProbe: { ...loaded, periodSeconds: PROBE_SECONDS, timeoutSeconds: HEALTH_CHECK.timeoutSeconds, failureThreshold: HEALTH_CHECK.unhealthyThreshold },
    livenessProbe: { grpc: { port: grpcPort }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}

/** Renders processors and memory of the server. */
export function renderResources(resources: ServerResources): Record<string, unknown> {
  const limits = {
    ...(resources.cpuLimit === undefined ? {} : { cpu: cpuQuantity(resources.cpuLimit) }),
    ...(resources.memoryLimit === undefined ? {} : { memory: resources.memoryLimit }),
  };
  return {
    requests: { cpu: cpuQuantity(resources.cpuRequest), memory: resources.memoryRequest },
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}
