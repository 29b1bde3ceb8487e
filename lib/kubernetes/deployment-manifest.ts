import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';
import type { PodTemplate } from './pod-template';
import type { RolloutPlan } from './rollout-plan';

/** Options of a service's Deployment. */
export interface DeploymentOptions {
  readonly identity: ObjectIdentity;
  readonly plan: RolloutPlan;
  readonly template: PodTemplate;
}

/**
 * A Deployment that takes no pod away before another answers in its place.
 *
 * It has no number of pods: each deployment would undo what the autoscaler decided, and taking a number away again leaves one pod.
 */
export function deploymentManifest(options: DeploymentOptions): KubernetesObject {
  const { maxSurge, minReadySeconds, startupSeconds } = options.plan;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(options.identity),
    spec: {
      revisionHistoryLimit: 3,
      // Loading is no failure, however long it may take.
      progressDeadlineSeconds: startupSeconds + minReadySeconds + 300,
      ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } },
      selector: { matchLabels: selectorLabels(options.identity) },
      template: options.template,
    },
  };
}
