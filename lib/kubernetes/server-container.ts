import { inNameOrder } from '../private/in-name-order';
import { HEALTH_CHECK, healthCheckPath } from '../serving/health-check';
import { SERVER_PROGRAM, serverArguments } from '../serving/server-command';
import type { ServingSettings } from '../serving/serving-settings';
import { containerSecurity } from './container-security';

/** Where the configuration is mounted. */
export const CONFIG_DIRECTORY = '/etc/tensorflow-serving';

/** Requests and limits of the server. Absent limits are none. */
export interface ServerResources {
  readonly cpuRequest: number;
  readonly cpuLimit?: number;
  /** Quantities as Kubernetes writes them. */
  readonly memoryRequest: string;
  readonly memoryLimit?: string;
}

/** Options of the server's container. */
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

const PROBE_SECONDS = 5;

/** The container that serves. */
export function serverContainer(options: ServerContainerOptions): Record<string, unknown> {
  const { serving, resources } = options;
  const { grpcPort, restPort } = serving;
  return {
    name: 'tensorflow-serving',
    image: options.image,
    // Not the image's entrypoint: a shell that stays in front of the server and passes no signal on.
    command: [SERVER_PROGRAM],
    args: serverArguments(serving, {
      configDirectory: CONFIG_DIRECTORY,
      processors: resources.cpuLimit ?? resources.cpuRequest,
      processorLimit: resources.cpuLimit,
      drainSeconds: options.drainSeconds,
    }),
    ...environment(options.environment),
    ports: [{ name: 'grpc', containerPort: grpcPort }, { name: 'http', containerPort: restPort }],
    ...probes(options.modelName, grpcPort, options.startupSeconds),
    // The server dies at once when it is told to end. So it is told only after no new request can reach it and all others are answered.
    lifecycle: { preStop: { sleep: { seconds: options.drainSeconds } } },
    resources: renderResources(resources),
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [
      { ...options.modelMount, readOnly: true },
      { name: 'config', mountPath: CONFIG_DIRECTORY, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function environment(given: { [name: string]: string }): Record<string, unknown> {
  const env = Object.entries(inNameOrder(given) ?? {}).map(([name, value]) => ({ name, value }));
  return env.length === 0 ? {} : { env };
}

/** A processor count as Kubernetes writes it. */
export function cpuQuantity(processors: number): string {
  return `${Math.round(processors * 1000)}m`;
}

/**
 * Ready means that the model answers. Pods are given the time that a burst of requests takes, or all of them would leave the Service together.
 * Alive means that the process answers at all, so that a model that is slow to load is not killed for it.
 */
function probes(modelName: string, grpcPort: number, startupSeconds: number): Record<string, unknown> {
  const loaded = { httpGet: { path: healthCheckPath(modelName), port: 'http' } };
  return {
    startupProbe: { ...loaded, periodSeconds: PROBE_SECONDS, timeoutSeconds: 3, failureThreshold: Math.ceil(startupSeconds / PROBE_SECONDS) },
    readinessProbe: { ...loaded, periodSeconds: PROBE_SECONDS, timeoutSeconds: HEALTH_CHECK.timeoutSeconds, failureThreshold: HEALTH_CHECK.unhealthyThreshold },
    livenessProbe: { grpc: { port: grpcPort }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}

function renderResources(resources: ServerResources): Record<string, unknown> {
  const limits = {
    ...(resources.cpuLimit === undefined ? {} : { cpu: cpuQuantity(resources.cpuLimit) }),
    ...(resources.memoryLimit === undefined ? {} : { memory: resources.memoryLimit }),
  };
  return {
    requests: { cpu: cpuQuantity(resources.cpuRequest), memory: resources.memoryRequest },
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}
