import type { Duration } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ServingSettings } from '../serving/serving-settings';
import { schemeOf } from '../serving/serving-settings';
import type { CanarySettings } from './canary';
import { CANARY_SUFFIX, canaryRollout } from './canary-manifest';
import { waitForRollout, rolloutSelector } from './deployment-waits';
import type { ObjectIdentity } from './kubernetes-object';
import { RolloutWatcher } from './rollout-watcher';

/** Inputs of the two waits for a canary. */
export interface CanaryWaitOptions {
  readonly cluster: eks.ICluster;
  readonly identity: ObjectIdentity;
  readonly serving: ServingSettings;
  readonly canary: CanarySettings;
  /** The rollout label's value of the stable pods. */
  readonly rollout: string;
  /** Time that the canary's pods may take to become available. */
  readonly timeout: Duration;
}

/**
 * Makes the deployment wait until the canary's pods are available, and then while they serve. It fails if their requests do.
 *
 * These are two resources, because each has the 15 minutes of a function to itself.
 *
 * @param before what applies the canary
 */
export function waitForCanary(scope: Construct, options: CanaryWaitOptions, before: Construct[]): Construct {
  const { cluster, identity, canary, serving, timeout } = options;
  const name = `${identity.name}${CANARY_SUFFIX}`;
  const rollout = canaryRollout(options.rollout);
  const available = waitForRollout(scope, 'CanaryRollout', { cluster, identity, name, rollout, replicas: canary.replicas, timeout });
  available.node.addDependency(...before);
  const baked = RolloutWatcher.of(scope, cluster)!.watchCanary(scope, 'CanaryBake', {
    ...canary,
    namespace: identity.namespace,
    name,
    stableName: identity.name,
    selector: rolloutSelector(identity, rollout),
    stableSelector: rolloutSelector(identity, options.rollout),
    scheme: schemeOf(serving),
    port: serving.restPort,
    path: serving.monitoringPath!,
  });
  baked.node.addDependency(available);
  return baked;
}
