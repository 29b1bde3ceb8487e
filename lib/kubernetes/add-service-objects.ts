import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { deploymentManifest } from './deployment-manifest';
import type { ModelServiceProps } from './model-service-props';
import { ModelStorage } from './model-storage';
import { autoscalerManifest, disruptionBudgetManifest } from './scaling-manifests';
import { serviceAccountManifest } from './service-account-manifest';
import { headlessServiceManifest, loadBalancerManifest, serviceManifest } from './service-manifests';
import type { ServiceObjects } from './service-objects';
import { servicePods } from './service-pods';
import type { ServiceRole } from './service-role';
import type { ServiceSettings } from './service-settings';
import { stableDigest } from './stable-digest';
import type { ModelPrefix } from './storage-manifests';
import { storageManifests } from './storage-manifests';

/** Everything that a service's objects are made of. */
export interface ServiceParts {
  readonly props: ModelServiceProps;
  readonly settings: ServiceSettings;
  readonly compatibility: ModelCompatibility;
  readonly versions: ModelPrefix;
  readonly access: ServiceRole;
}

/**
 * Adds all objects of a service, each after those that it needs.
 *
 * @returns the rollout that the pods are labelled with
 */
export function addServiceObjects(objects: ServiceObjects, scope: Construct, parts: ServiceParts): string {
  const { props, settings: { identity, plan, scaling }, compatibility, versions, access } = parts;
  const namespace = props.createNamespace ? objects.addNamespace() : [];
  // A pod gets its role when it is made, and EKS takes seconds to know of a new association: so that comes first, and other objects before the pods.
  const account = objects.add('ServiceAccount', [serviceAccountManifest(identity)], ...namespace, access);
  const storage = storageOf(scope, parts);
  const volume = storage ? objects.add(storage.id, storageManifests(identity, storage, versions), ...namespace) : [];
  const services = addServices(objects, parts, [...namespace, access]);
  const { template, rollout } = servicePods(scope, props, parts.settings, compatibility, versions, storage?.claim);
  const deployment = objects.add('Deployment', [deploymentManifest({ identity, plan, template })], ...account, ...volume, ...services, access);
  objects.add('Autoscaler', [autoscalerManifest(identity, scaling)], ...deployment);
  objects.add('DisruptionBudget', [disruptionBudgetManifest(identity)], ...deployment);
  return rollout;
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

/** Names of the volume and the claim. What a volume mounts cannot be changed, so another bucket or prefix gets another volume. */
function storageOf(scope: Construct, { props, settings: { identity: { name, namespace } }, versions }: ServiceParts) {
  if (props.modelStorage !== ModelStorage.MOUNTPOINT) {
    return undefined;
  }
  const digest = stableDigest(scope, [scope.node.addr, versions]);
  return { id: `Storage${digest}`, volume: `${namespace}-${name}-${digest}`, claim: `${name}-${digest}` };
}

/** The addresses of the cluster's network. An imported cluster, or an imported network, may not know them, and fails when it is asked. */
function vpcRange(cluster: eks.ICluster): string[] | undefined {
  try {
    return [cluster.vpc.vpcCidrBlock];
  } catch {
    return undefined;
  }
}
