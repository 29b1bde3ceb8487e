import { Tokenization } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ObjectIdentity } from './kubernetes-object';
import { selectorLabels } from './kubernetes-object';

/** Pod label that identifies the pod template. */
export const ROLLOUT_LABEL = 'cdk-tensorflow/rollout';

export interface RolloutGateOptions {
  readonly cluster: eks.ICluster;
  readonly identity: ObjectIdentity;
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
export function rolloutGate(scope: Construct, id: string, options: RolloutGateOptions): eks.KubernetesObjectValue {
  const labels = { ...selectorLabels(options.identity), [ROLLOUT_LABEL]: options.rollout };
  return new eks.KubernetesObjectValue(scope, id, {
    cluster: options.cluster,
    objectNamespace: options.identity.namespace,
    objectType: 'replicasets',
    // kubectl accepts an option in place of a name.
    objectName: `--selector=${Object.entries(labels).map(([label, value]) => `${label}=${value}`).join(',')}`,
    jsonPath: `.items[?(@.status.availableReplicas>=${Tokenization.stringifyNumber(options.replicas)})].metadata.name`,
    timeout: options.timeout,
  });
}
