import { Tokenization } from 'aws-cdk-lib';
import { inNameOrder } from '../private/in-name-order';
import { CONFIG_FILES } from '../serving/server-command';
import { batchingConfig, modelConfig, monitoringConfig } from '../serving/serving-configuration';
import type { ServingSettings } from '../serving/serving-settings';
import { BFLOAT16, bfloat16Affinity } from './bfloat16';
import { containerSecurity, podSecurity } from './container-security';
import { copyContainer, verifyContainer } from './init-containers';
import type { ObjectIdentity } from './kubernetes-object';
import { objectLabels, selectorLabels } from './kubernetes-object';
import type { ServerResources } from './server-container';
import { serverContainer } from './server-container';
import type { ModelPrefix } from './storage-manifests';

/** Pod label for the model version. */
export const VERSION_LABEL = 'cdk-tensorflow/version';

/** Prefix of the annotations that hold the server's configuration. */
const CONFIG_ANNOTATION = 'cdk-tensorflow';

export interface PodTemplateOptions {
  readonly identity: ObjectIdentity;
  readonly modelName: string;
  readonly serving: ServingSettings;
  readonly image: string;
  readonly version: string;
  readonly checksumsSha256: string;
  readonly model: ModelPrefix;
  /** Claim to mount; if undefined, `copyImage` copies the model. */
  readonly claimName?: string;
  readonly copyImage: string;
  readonly resources: ServerResources;
  readonly environment: { [name: string]: string };
  readonly user: number;
  readonly readOnlyRootFilesystem: boolean;
  readonly startupSeconds: number;
  readonly drainSeconds: number;
  readonly cpuFeatures: string[];
  readonly nodeSelector: { [label: string]: string };
  readonly labels: { [label: string]: string };
  readonly annotations: { [annotation: string]: string };
  readonly extraContainers: { [field: string]: unknown }[];
  readonly extraVolumes: { [field: string]: unknown }[];
  /** Fields that are added to the pod spec or replace its fields. */
  readonly podSpec: { [field: string]: unknown };
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

/** Returns a pod template that contains its own configuration, so that pods of two versions can run side by side. */
export function podTemplate(options: PodTemplateOptions): PodTemplate {
  const basePath = `/models/${options.modelName}`;
  const configs: [string, string | undefined][] = [
    [CONFIG_FILES.model, modelConfig({ modelName: options.modelName, basePath, version: options.version })],
    [CONFIG_FILES.batching, batchingConfig(options.serving, options.resources.cpuLimit)],
    [CONFIG_FILES.monitoring, monitoringConfig(options.serving)],
  ];
  const given = configs.filter(([, content]) => content !== undefined) as [string, string][];
  return {
    metadata: {
      labels: { ...inNameOrder(options.labels), ...objectLabels(options.identity), [VERSION_LABEL]: options.version },
      annotations: {
        ...Object.fromEntries(given.map(([file, content]) => [`${CONFIG_ANNOTATION}/${file}`, content])),
        ...scrapeAnnotations(options.serving),
        ...inNameOrder(options.annotations),
      },
    },
    spec: { ...podSpec(options, basePath, given.map(([file]) => file)), ...inNameOrder(options.podSpec) },
  };
}

function podSpec(options: PodTemplateOptions, basePath: string, configFiles: string[]): Record<string, unknown> {
  const modelMount = { name: 'model', mountPath: basePath };
  const init = {
    image: options.image,
    files: { directory: `${basePath}/${options.version}`, version: options.version, checksumsSha256: options.checksumsSha256 },
    modelMount,
    readOnlyRootFilesystem: options.readOnlyRootFilesystem,
    cpuFeatures: options.cpuFeatures,
  };
  return {
    serviceAccountName: options.identity.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // The server handles no signals, and PID 1 ignores signals without a handler: with a shared namespace it is not PID 1.
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: options.drainSeconds + 15,
    securityContext: podSecurity(options.user),
    nodeSelector: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', ...inNameOrder(options.nodeSelector) },
    ...(options.cpuFeatures.includes(BFLOAT16) ? { affinity: bfloat16Affinity() } : {}),
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => spread(options.identity, topologyKey)),
    initContainers: [...options.claimName === undefined ? [copyContainer(init, options.copyImage, options.model)] : [], verifyContainer(init)],
    containers: [serverContainer({ ...options, modelMount }), ...options.extraContainers.map(extraContainer)],
    volumes: [
      { name: 'model', ...options.claimName === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: options.claimName, readOnly: true } } },
      { name: 'config', downwardAPI: { items: configFiles.map(configFile) } },
      { name: 'tmp', emptyDir: {} },
      ...inNameOrder(options.extraVolumes),
    ],
  };
}

/** Adds the security context without which the restricted standard rejects the pod. */
function extraContainer(container: { [field: string]: unknown }): Record<string, unknown> {
  return { securityContext: containerSecurity(true), ...inNameOrder(container) };
}

/** Mounts the configuration from annotations: a shared ConfigMap would also change for old pods. */
function configFile(file: string): Record<string, unknown> {
  return { path: file, fieldRef: { fieldPath: `metadata.annotations['${CONFIG_ANNOTATION}/${file}']` } };
}

/** Spreads the pods of each version evenly, but schedules them even if that is impossible. */
function spread(identity: ObjectIdentity, topologyKey: string): Record<string, unknown> {
  return {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selectorLabels(identity) },
    matchLabelKeys: ['pod-template-hash'],
  };
}

function scrapeAnnotations(serving: ServingSettings): Record<string, string> {
  return serving.monitoringPath === undefined ? {} : {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': Tokenization.stringifyNumber(serving.restPort),
    'prometheus.io/path': serving.monitoringPath,
  };
}
