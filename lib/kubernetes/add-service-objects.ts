import { Duration } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { CaptureStream } from '../endpoint/capture-stream';
import { stableDigest } from '../endpoint/digests';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import type { LiteRtServer } from '../serving/litert-server';
import { canaryManifest } from './canary-manifest';
import { waitForCanary } from './canary-wait';
import type { DeploymentOptions } from './deployment-manifest';
import { deploymentManifest } from './deployment-manifest';
import type { ModelServiceProps } from './model-service-props';
import { ModelStorage } from './model-service-props';
import { LONGEST_ROLLOUT_MINUTES } from './rollout-plan';
import { autoscalerManifest, disruptionBudgetManifest } from './scaling-manifests';
import { headlessServiceManifest, loadBalancerManifest, serviceAccountManifest, serviceManifest } from './service-manifests';
import type { ServiceObjects } from './service-objects';
import { servicePods } from './service-pods';
import type { ServiceRole } from './service-role';
import type { ServiceSettings } from './service-settings';
import type { ModelPrefix } from './storage-manifests';
import { storageManifests } from './storage-manifests';

/** Inputs for a service's objects. */
export interface ServiceParts {
  readonly props: ModelServiceProps;
  readonly settings: ServiceSettings;
  readonly compatibility: ModelCompatibility;
  readonly versions: ModelPrefix;
  readonly access: ServiceRole;
  /** Undefined for TensorFlow Serving. */
  readonly liteRt?: LiteRtServer;
  /** Undefined where nothing is captured. */
  readonly capture?: CaptureStream;
}

/**
 * Adds all objects of a service in dependency order.
 *
 * @returns the value of the pods' rollout label
 */
export function addServiceObjects(objects: ServiceObjects, scope: Construct, parts: ServiceParts): string {
  const { props, settings: { identity, plan, scaling }, compatibility, versions, access, liteRt, capture } = parts;
  const namespace = props.createNamespace ? objects.addNamespace() : [];
  // EKS assigns a pod's role when the pod is created, and takes seconds to see a new association: create that first, the pods last.
  const account = objects.add('ServiceAccount', [serviceAccountManifest(identity)], ...namespace, access);
  const storage = storageOf(scope, parts);
  const volume = storage ? objects.add(storage.id, storageManifests(identity, storage, versions), ...namespace) : [];
  const services = addServices(objects, parts, [...namespace, access]);
  const files = { model: versions, claimName: storage?.claim, liteRt, capture };
  const { template, rollout, container } = servicePods(scope, props, parts.settings, compatibility, files);
  const pods = { identity, plan, template };
  const before = [...account, ...volume, ...services, access];
  const canary = addCanary(objects, scope, parts, pods, rollout, before);
  const deployment = objects.add('Deployment', [deploymentManifest(pods)], ...before, ...canary);
  objects.add('Autoscaler', [autoscalerManifest(identity, scaling, container)], ...deployment);
  objects.add('DisruptionBudget', [disruptionBudgetManifest(identity)], ...deployment);
  return rollout;
}

/** Adds the canary of a service that has one. Returns what must succeed before the other pods get a new version. */
function addCanary(
  objects: ServiceObjects, scope: Construct, { props, settings }: ServiceParts, pods: DeploymentOptions, rollout: string, before: Construct[],
): Construct[] {
  const { canary, identity, serving } = settings;
  if (canary === undefined) {
    return [];
  }
  const applied = objects.add('Canary', [canaryManifest({ ...pods, replicas: canary.replicas })], ...before);
  const timeout = props.rolloutTimeout ?? Duration.minutes(LONGEST_ROLLOUT_MINUTES);
  return [waitForCanary(scope, { cluster: props.cluster, identity, serving, canary, rollout, timeout }, applied)];
}

function addServices(objects: ServiceObjects, { props, settings }: ServiceParts, before: Construct[]): eks.KubernetesManifest[] {
  const { identity, serving, modelName, plan: { drainSeconds } } = settings;
  const services = [
    ...objects.add('Service', [serviceManifest(identity, serving)], ...before),
    ...objects.add('HeadlessService', [headlessServiceManifest(identity, serving)], ...before),
  ];
  if (props.internalLoadBalancer) {
    services.push(...objects.add('LoadBalancer', [loadBalancerManifest(identity, serving, {
      modelName,
      loadBalancerClass: props.loadBalancerClass ?? 'eks.amazonaws.com/nlb',
      sourceRanges: props.loadBalancerSourceRanges ?? vpcRange(props.cluster),
      drainSeconds,
    })], ...before));
  }
  return services;
}

/** Names of the volume and its claim. A volume's source is immutable, so another bucket or prefix needs another volume. */
function storageOf(scope: Construct, { props, settings: { identity: { name, namespace } }, versions }: ServiceParts) {
  if (props.modelStorage !== ModelStorage.MOUNTPOINT) {
    return undefined;
  }
  const digest = stableDigest(scope, [namespace, name, versions]);
  return { id: `Storage${digest}`, volume: `${namespace}-${name}-${digest}`, claim: `${name}-${digest}` };
}

/** Returns the CIDR block of the cluster's VPC; undefined where an imported cluster or VPC does not know it (the getter throws). */
function vpcRange(cluster: eks.ICluster): string[] | undefined {
  try {
    return [cluster.vpc.vpcCidrBlock];
  } catch {
    return undefined;
  }
}
