import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';

/** Options of a service's Deployment. */
export interface DeploymentOptions {
  readonly identity: ObjectIdentity;
  /** Undefined where an autoscaler decides: a number here would undo its decision with every deployment. */
  readonly replicas?: number;
  readonly maxSurge: number;
  readonly startupSeconds: number;
  readonly template: { metadata: Record<string, unknown>; spec: Record<string, unknown> };
}

/** A Deployment that takes no pod away before another answers in its place. */
export function deploymentManifest(options: DeploymentOptions): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(options.identity),
    spec: {
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
      revisionHistoryLimit: 3,
      // Loading is no failure, however long it may take.
      progressDeadlineSeconds: options.startupSeconds + 300,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: options.maxSurge } },
      selector: { matchLabels: selectorLabels(options.identity) },
      template: options.template,
    },
  };
}
