import type { DeploymentOptions } from './deployment-manifest';
import { deploymentSpec } from './deployment-manifest';
import { ROLLOUT_LABEL } from './deployment-waits';
import type { KubernetesObject } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';
import type { PodTemplate } from './pod-template';

export const CANARY_SUFFIX = '-canary';

/** Label of the canary's pods, by which its Deployment tells them from the others. */
const TRACK_LABELS = { 'cdk-tensorflow/track': 'canary' };

export interface CanaryManifestOptions extends DeploymentOptions {
  readonly replicas: number;
}

/**
 * Returns the small Deployment that gets a version first. Its pods have the labels that the Services select, so that they serve too.
 *
 * Its number of pods is fixed: the autoscaler scales the other Deployment.
 */
export function canaryManifest(options: CanaryManifestOptions): KubernetesObject {
  const { identity, plan, replicas } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(identity, CANARY_SUFFIX),
    spec: { replicas, ...deploymentSpec({ plan, template: canaryTemplate(options.template), labels: { ...selectorLabels(identity), ...TRACK_LABELS } }) },
  };
}

/** Value of `ROLLOUT_LABEL` of the canary's pods: another one, so that the wait for the other Deployment does not see them. */
export function canaryRollout(rollout: string): string {
  return `canary-${rollout}`;
}

function canaryTemplate(template: PodTemplate): PodTemplate {
  const { labels } = template.metadata;
  return { ...template, metadata: { ...template.metadata, labels: { ...labels, ...TRACK_LABELS, [ROLLOUT_LABEL]: canaryRollout(labels[ROLLOUT_LABEL]) } } };
}
