import { inNameOrder } from '../private/in-name-order';
import type { ServingSettings } from '../serving/serving-settings';
import { BFLOAT16, bfloat16Affinity } from './bfloat16';
import { containerSecurity, objectLabels, podSecurity, selectorLabels } from './kubernetes-object';
import type { ObjectIdentity } from './kubernetes-object';
import type { PodServer } from './pod-server';
import { modelVolume, scrapeAnnotations } from './pod-server';

/** Pod label for the model version. */
const VERSION_LABEL = 'cdk-tensorflow/version';

export interface PodTemplateOptions {
  readonly identity: ObjectIdentity;
  readonly serving: ServingSettings;
  readonly server: PodServer;
  readonly version: string;
  /** Claim to mount; if undefined, the model is copied. */
  readonly claimName?: string;
  readonly user: number;
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
  return {
    metadata: {
      labels: { ...inNameOrder(options.labels), ...objectLabels(options.identity), [VERSION_LABEL]: options.version },
      annotations: { ...options.server.annotations, ...scrapeAnnotations(options.serving), ...inNameOrder(options.annotations) },
    },
    spec: { ...podSpec(options), ...inNameOrder(options.podSpec) },
  };
}

function podSpec(options: PodTemplateOptions): Record<string, unknown> {
  const { server, identity } = options;
  return {
    serviceAccountName: identity.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...server.shareProcessNamespace ? { shareProcessNamespace: true } : {},
    terminationGracePeriodSeconds: server.terminationGracePeriodSeconds,
    securityContext: podSecurity(options.user),
    nodeSelector: { 'kubernetes.io/arch': server.architecture, 'kubernetes.io/os': 'linux', ...inNameOrder(options.nodeSelector) },
    ...(options.cpuFeatures.includes(BFLOAT16) ? { affinity: bfloat16Affinity() } : {}),
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => spread(identity, topologyKey)),
    initContainers: server.initContainers,
    containers: [server.container, ...options.extraContainers.map(extraContainer)],
    volumes: [modelVolume(options.claimName), ...server.volumes, { name: 'tmp', emptyDir: {} }, ...inNameOrder(options.extraVolumes)],
  };
}

/** Adds the security context without which the restricted standard rejects the pod. */
function extraContainer(container: { [field: string]: unknown }): Record<string, unknown> {
  return { securityContext: containerSecurity(true), ...inNameOrder(container) };
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
