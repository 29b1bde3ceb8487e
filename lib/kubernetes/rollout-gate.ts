import { Tokenization } from 'aws-cdk-lib';
import type { Duration } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ObjectIdentity } from './kubernetes-object';
import { selectorLabels } from './kubernetes-object';

/** Label of pods: the very template that they were made of. */
export const ROLLOUT_LABEL = 'cdk-tensorflow/rollout';

/** What the deployment waits for. */
export interface RolloutGateOptions {
  readonly cluster: eks.ICluster;
  readonly identity: ObjectIdentity;
  /** Value of `ROLLOUT_LABEL`. It is part of the resource's properties, so every change waits anew. */
  readonly rollout: string;
  readonly replicas: number;
  readonly timeout: Duration;
}

/**
 * Makes the deployment wait until enough pods of the new template serve, and fail when they do not come.
 *
 * It looks at the ReplicaSet of that template only: the Deployment as a whole counts as available while nothing but the old pods serve.
 */
export function rolloutGate(scope: Construct, id: string, options: RolloutGateOptions): eks.KubernetesObjectValue {
  const labels = { ...selectorLabels(options.identity), [ROLLOUT_LABEL]: options.rollout };
  return new eks.KubernetesObjectValue(scope, id, {
    cluster: options.cluster,
    objectNamespace: options.identity.namespace,
    objectType: 'replicasets',
    // kubectl takes options in the place of a name.
    objectName: `--selector=${Object.entries(labels).map(([label, value]) => `${label}=${value}`).join(',')}`,
    jsonPath: `.items[?(@.status.availableReplicas>=${Tokenization.stringifyNumber(options.replicas)})].metadata.name`,
    timeout: options.timeout,
  });
}
