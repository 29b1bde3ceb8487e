import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata } from './kubernetes-object';

/**
 * Returns the service account for EKS Pod Identity.
 *
 * It must not have the annotation eks.amazonaws.com/role-arn, which the CDK's ServiceAccount adds even for Pod Identity: Mountpoint's driver
 * would then use IRSA, which the role does not trust, and the mount would fail.
 */
export function serviceAccountManifest(identity: ObjectIdentity): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(identity), automountServiceAccountToken: false };
}
