import { CONFIG_FILES } from '../serving/server-command';
import { batchingConfig, modelConfig, monitoringConfig } from '../serving/serving-configuration';
import { copyContainer, verifyContainer } from './init-containers';
import type { PodServer, PodServerOptions } from './pod-server';
import { modelDirectory } from './pod-server';
import { serverContainer } from './server-container';

/** Prefix of the annotations that hold the server's configuration. */
const CONFIG_ANNOTATION = 'cdk-tensorflow';

/** Returns TensorFlow Serving's parts of a pod, its configuration included, so that pods of two versions can run side by side. */
export function tensorFlowServingPod(options: PodServerOptions): PodServer {
  const basePath = modelDirectory(options.modelName);
  const configs: [string, string | undefined][] = [
    [CONFIG_FILES.model, modelConfig({ modelName: options.modelName, basePath, version: options.version })],
    [CONFIG_FILES.batching, batchingConfig(options.serving, options.resources.cpuLimit)],
    [CONFIG_FILES.monitoring, monitoringConfig(options.serving)],
  ];
  const given = configs.filter(([, content]) => content !== undefined) as [string, string][];
  const modelMount = { name: 'model', mountPath: basePath };
  const init = {
    image: options.image,
    files: { directory: `${basePath}/${options.version}`, version: options.version, checksumsSha256: options.checksumsSha256 },
    modelMount,
    readOnlyRootFilesystem: options.readOnlyRootFilesystem,
    cpuFeatures: options.cpuFeatures,
  };
  return {
    architecture: 'amd64',
    annotations: Object.fromEntries(given.map(([file, content]) => [`${CONFIG_ANNOTATION}/${file}`, content])),
    initContainers: [...options.claimName === undefined ? [copyContainer(init, options.copyImage, options.model)] : [], verifyContainer(init)],
    container: serverContainer({ ...options, modelMount }),
    volumes: [{ name: 'config', downwardAPI: { items: given.map(([file]) => configFile(file)) } }],
    terminationGracePeriodSeconds: options.drainSeconds + 15,
    // The server handles no signals, and PID 1 ignores signals without a handler: with a shared namespace it is not PID 1.
    shareProcessNamespace: true,
  };
}

/** Mounts the configuration from annotations: a shared ConfigMap would also change for old pods. */
function configFile(file: string): Record<string, unknown> {
  return { path: file, fieldRef: { fieldPath: `metadata.annotations['${CONFIG_ANNOTATION}/${file}']` } };
}
