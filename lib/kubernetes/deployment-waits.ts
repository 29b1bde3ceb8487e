import { Duration, Tokenization } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ObjectIdentity } from './kubernetes-object';
import { selectorLabels } from './kubernetes-object';
import { RolloutWatcher } from './rollout-watcher';
import { LOAD_BALANCER_SUFFIX } from './service-manifests';

/** Pod label that identifies the pod template. */
export const ROLLOUT_LABEL = 'cdk-tensorflow/rollout';

export interface RolloutWaitOptions {
  readonly cluster: eks.ICluster;
  readonly identity: ObjectIdentity;
  /** Name of the Deployment. */
  readonly name: string;
  /** Value of `ROLLOUT_LABEL`. It is part of the resource's properties, so that every change waits again. */
  readonly rollout: string;
  readonly replicas: number;
  readonly timeout: Duration;
}

/**
 * Makes the deployment wait until enough pods of the new template are available, and fail if they are not in time.
 *
 * It checks the template's ReplicaSet, because the Deployment counts as available while only old pods serve.
 */
export function waitForRollout(scope: Construct, id: string, options: RolloutWaitOptions): Construct {
  const { cluster, identity, name, replicas, timeout } = options;
  const { namespace } = identity;
  const selector = rolloutSelector(identity, options.rollout);
  const watcher = RolloutWatcher.of(scope, cluster);
  if (watcher) {
    return watcher.watch(scope, id, { namespace, name, selector, replicas, timeout });
  }
  // The role and network of an imported kubectl function are not known, so that function waits, which can say only that time is up.
  return new eks.KubernetesObjectValue(scope, id, {
    cluster,
    objectNamespace: namespace,
    objectType: 'replicasets',
    // kubectl accepts an option in place of a name.
    objectName: `--selector=${selector}`,
    jsonPath: `.items[?(@.status.availableReplicas>=${Tokenization.stringifyNumber(replicas)})].metadata.name`,
    timeout,
  });
}

/** Returns the labels of a template's pods, in the notation of Kubernetes' API. */
export function rolloutSelector(identity: ObjectIdentity, rollout: string): string {
  return Object.entries({ ...selectorLabels(identity), [ROLLOUT_LABEL]: rollout }).map(([label, value]) => `${label}=${value}`).join(',');
}

/**
 * Makes the deployment wait until a service's load balancer has a DNS name, and fail if it gets none.
 *
 * Kubernetes accepts a LoadBalancer Service even if it cannot be fulfilled, e.g. because no subnet has the required tag.
 */
export function waitForLoadBalancer(scope: Construct, id: string, cluster: eks.ICluster, identity: ObjectIdentity): eks.KubernetesObjectValue {
  return new eks.KubernetesObjectValue(scope, id, {
    cluster,
    objectNamespace: identity.namespace,
    objectType: 'service',
    objectName: `${identity.name}${LOAD_BALANCER_SUFFIX}`,
    jsonPath: '.status.loadBalancer.ingress[0].hostname',
    timeout: Duration.minutes(10),
  });
}
