import type { KubernetesObject } from './kubernetes-object';

/** A namespace that takes only pods that keep to Kubernetes' restricted security standard. */
export function namespaceManifest(name: string): KubernetesObject {
  const standard = Object.fromEntries(['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']));
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'cdk-tensorflow', ...standard } } };
}
