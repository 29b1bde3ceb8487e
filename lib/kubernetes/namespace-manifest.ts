import type { KubernetesObject } from './kubernetes-object';

/**
 * Enables pod readiness gates in EKS Auto Mode and the AWS Load Balancer Controller: a pod becomes ready only when its load balancer sends it requests.
 *
 * @see https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
 */
const READINESS_GATES = { 'eks.amazonaws.com/pod-readiness-gate-inject': 'enabled', 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' };

/** Returns a namespace that enforces the restricted pod security standard. */
export function namespaceManifest(name: string): KubernetesObject {
  const standard = Object.fromEntries(['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']));
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'cdk-tensorflow', ...standard, ...READINESS_GATES } } };
}
