import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';
import type { PodTemplate } from './pod-template';
import type { RolloutPlan } from './rollout-plan';

export interface DeploymentOptions {
  readonly identity: ObjectIdentity;
  readonly plan: RolloutPlan;
  readonly template: PodTemplate;
}

/**
 * Returns a Deployment that removes no pod before its replacement is available.
 *
 * `replicas` is left out: it would override the autoscaler at every deployment, and removing it later scales to one pod.
 */
export function deploymentManifest({ identity, plan, template }: DeploymentOptions): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(identity),
    spec: deploymentSpec({ plan, template, labels: selectorLabels(identity) }),
  };
}

/** Inputs for a Deployment's spec. */
export interface DeploymentSpecOptions extends Pick<DeploymentOptions, 'plan' | 'template'> {
  /** Labels that select its pods. */
  readonly labels: Record<string, string>;
}

/** Returns a Deployment's spec without `replicas`. */
export function deploymentSpec({ plan, template, labels }: DeploymentSpecOptions): Record<string, unknown> {
  const { maxSurge, minReadySeconds, startupSeconds } = plan;
  return {
    revisionHistoryLimit: 3,
    // A slow model load must not count as a failed rollout.
    progressDeadlineSeconds: startupSeconds + minReadySeconds + 300,
    ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } },
    selector: { matchLabels: labels },
    template,
  };
}
