import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';

/** Scaling limits; equal for a fixed number of pods. */
export interface ScalingOptions {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** In percent of the processors that the server requests. */
  readonly targetCpuUtilization: number;
}

/**
 * Scales on the CPU of one container: up immediately, down by one pod a minute after five minutes of low load. Limits apply even without metrics.
 *
 * Kubernetes computes no utilization of a whole pod as soon as one container, such as one that a service mesh adds, requests no CPU.
 *
 * @param container name of the server's
 */
export function autoscalerManifest(identity: ObjectIdentity, options: ScalingOptions, container: string): KubernetesObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(identity),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: identity.name },
      minReplicas: options.minReplicas,
      maxReplicas: options.maxReplicas,
      metrics: [{
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container, target: { type: 'Utilization', averageUtilization: options.targetCpuUtilization } },
      }],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 30 }] },
        scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
      },
    },
  };
}

/** Allows one pod at a time to be evicted; unready pods never block a node's drain. */
export function disruptionBudgetManifest(identity: ObjectIdentity): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(identity),
    spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selectorLabels(identity) } },
  };
}
