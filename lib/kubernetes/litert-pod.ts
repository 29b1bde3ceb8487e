import { Token } from 'aws-cdk-lib';
import type { LiteRtCapture } from '../serving/litert-command';
import { liteRtArguments, liteRtDrainTimeout } from '../serving/litert-command';
import type { LiteRtServer } from '../serving/litert-server';
import type { ServerCertificate } from '../serving/server-certificate';
import { healthCheckPath } from '../serving/serving-settings';
import type { TensorFlowServingOptions } from '../serving/tensorflow-serving-options';
import { TERMINATION_MESSAGE } from './init-containers';
import { containerSecurity } from './kubernetes-object';
import { copyServerContainer, verifyServerContainer } from './litert-init-containers';
import type { PodServer, PodServerOptions } from './pod-server';
import { modelDirectory } from './pod-server';
import { environmentVariables, renderResources } from './server-container';

/** Directory of the program and of LiteRT's library in a pod. */
const LITERT_DIRECTORY = '/opt/litert';

const CERTIFICATE_VOLUME = 'certificate';

/** Time to end after the last request. */
const END_SECONDS = 5;

/** Inputs of a pod with the LiteRT server. */
export interface LiteRtPodOptions extends PodServerOptions {
  readonly server: LiteRtServer;
  /** Kubernetes' name of the processor. */
  readonly architecture: string;
  /** If undefined, nothing is captured. */
  readonly capture?: LiteRtCapture;
}

/** Returns the LiteRT server's parts of a pod. Everything that it runs and loads is copied from S3 and verified. */
export function liteRtPod(options: LiteRtPodOptions): PodServer {
  const { serving, server, drainSeconds, readOnlyRootFilesystem } = options;
  const basePath = modelDirectory(options.modelName);
  const modelMount = { name: 'model', mountPath: basePath };
  const serverMount = { name: 'server', mountPath: LITERT_DIRECTORY };
  const init = { ...options, directory: `${basePath}/${options.version}`, modelMount, serverMount };
  return {
    architecture: options.architecture,
    annotations: {},
    initContainers: [copyServerContainer(init), verifyServerContainer(init)],
    container: {
      name: 'model-server',
      image: options.image,
      command: [`${LITERT_DIRECTORY}/model_server`],
      args: liteRtArguments(serving, {
        modelName: options.modelName,
        basePath,
        version: options.version,
        checksumsSha256: options.checksumsSha256,
        library: `${LITERT_DIRECTORY}/libLiteRt.so`,
        librarySha256: server.library.sha256,
        workers: liteRtWorkers({ ...options.resources, threadsPerRequest: serving.threadsPerRequest }),
        drainSeconds,
        capture: options.capture,
      }),
      ...environmentVariables(options.environment),
      ports: [{ name: 'grpc', containerPort: serving.grpcPort }, { name: 'http', containerPort: serving.restPort }],
      ...probes(options),
      ...TERMINATION_MESSAGE,
      resources: renderResources(options.resources),
      securityContext: containerSecurity(readOnlyRootFilesystem),
      volumeMounts: [
        { ...modelMount, readOnly: true }, { ...serverMount, readOnly: true }, ...certificateMounts(serving.certificate), { name: 'tmp', mountPath: '/tmp' },
      ],
    },
    volumes: [{ name: 'server', emptyDir: {} }, ...certificateVolumes(serving.certificate)],
    // On SIGTERM it withdraws its readiness, keeps its ports open for the drain time, and answers what it has accepted. It needs no hook for that.
    terminationGracePeriodSeconds: drainSeconds + liteRtDrainTimeout(serving) + END_SECONDS,
  };
}

function certificateMounts(certificate: ServerCertificate | undefined): Record<string, unknown>[] {
  return certificate?._mount === undefined ? [] : [{ name: CERTIFICATE_VOLUME, mountPath: certificate._mount.mountPath, readOnly: true }];
}

function certificateVolumes(certificate: ServerCertificate | undefined): Record<string, unknown>[] {
  return certificate?._mount === undefined ? [] : [{ name: CERTIFICATE_VOLUME, secret: { secretName: certificate._mount.secretName } }];
}

interface WorkerOptions extends Pick<TensorFlowServingOptions, 'serverFlags' | 'threadsPerRequest'> {
  readonly cpuRequest?: number;
  readonly cpuLimit?: number;
}

/**
 * Returns the number of copies of the model: one for each processor of the pod, or for all that compute one request, unless a flag says how many.
 * By default the server would count the processors of the node.
 */
export function liteRtWorkers({ cpuRequest, cpuLimit, serverFlags, threadsPerRequest = 1 }: WorkerOptions): number {
  const given = serverFlags?.workers;
  const threads = Token.isUnresolved(threadsPerRequest) ? 1 : threadsPerRequest;
  return given === undefined || Token.isUnresolved(given) ? Math.max(1, Math.floor(Math.ceil(cpuLimit ?? cpuRequest ?? 1) / threads)) : Number(given);
}

/** The server answers its probes even if all copies of the model are busy. It starts within milliseconds, so look often. */
function probes({ modelName, serving, startupSeconds }: LiteRtPodOptions): Record<string, unknown> {
  const get = (path: string) => ({ path, port: 'http', ...serving.certificate === undefined ? {} : { scheme: 'HTTPS' } });
  const ready = { httpGet: get(healthCheckPath(modelName)), timeoutSeconds: 3 };
  return {
    startupProbe: { ...ready, periodSeconds: 1, failureThreshold: startupSeconds },
    readinessProbe: { ...ready, periodSeconds: 5, failureThreshold: 3 },
    livenessProbe: { httpGet: get('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}
