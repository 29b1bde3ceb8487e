import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';

/** Limits of a service's pods; equal ones where their number is fixed. */
export interface ScalingOptions {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Percent of the processors that pods ask for. */
  readonly targetCpuUtilization: number;
}

/**
 * Scales on processor time: up at once, down by one pod a minute after five quiet minutes. It keeps to its limits also where nobody measures.
 */
export function autoscalerManifest(identity: ObjectIdentity, options: ScalingOptions): KubernetesObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(identity),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: identity.name },
      minReplicas: options.minReplicas,
      maxReplicas: options.maxReplicas,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: options.targetCpuUtilization } } }],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 30 }] },
        scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
      },
    },
  };
}

/** Nodes are drained one pod at a time. Pods that do not answer anyway never hold a node. */
export function disruptionBudgetManifest(identity: ObjectIdentity): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(identity),
    spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selectorLabels(identity) } },
  };
}
