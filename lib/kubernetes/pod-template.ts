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

/** Label of pods: the model's version that they serve. */
export const VERSION_LABEL = 'cdk-tensorflow/version';

/** Prefix of the annotations that hold the server's configuration. */
const CONFIG_ANNOTATION = 'cdk-tensorflow';

/** Everything that the pods of a service have in common. */
export interface PodTemplateOptions {
  readonly identity: ObjectIdentity;
  readonly modelName: string;
  readonly serving: ServingSettings;
  readonly image: string;
  readonly version: string;
  readonly checksumsSha256: string;
  /** Where the model lies. */
  readonly model: ModelPrefix;
  /** Claim to mount; without one the model is copied by `copyImage`. */
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
  /** Fields that replace or complete the pod's spec. */
  readonly podSpec: { [field: string]: unknown };
}

/** Metadata and spec of pods, as data. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

/** Renders a template for pods. Each pod brings its own configuration, so that pods of two versions can serve side by side. */
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
    // The server handles no signal, and a first process of a container ignores those that it does not handle: this gives it another parent.
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

/** The restricted pod security standard refuses a pod with any container that lacks these settings. */
function extraContainer(container: { [field: string]: unknown }): Record<string, unknown> {
  return { securityContext: containerSecurity(true), ...inNameOrder(container) };
}

/** The configuration travels in the pod's own annotations: a shared ConfigMap would change under the pods of the version before. */
function configFile(file: string): Record<string, unknown> {
  return { path: file, fieldRef: { fieldPath: `metadata.annotations['${CONFIG_ANNOTATION}/${file}']` } };
}

/** As even as possible, counted for each version by itself, and never a reason to leave a pod unscheduled. */
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
