import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata } from './kubernetes-object';

/**
 * The service account that EKS Pod Identity gives the model's role to.
 *
 * It must not have the annotation eks.amazonaws.com/role-arn, which the CDK's own ServiceAccount writes also for Pod Identity: Mountpoint's
 * driver then assumes the role in the old way, which the role does not trust, and nothing is mounted.
 */
export function serviceAccountManifest(identity: ObjectIdentity): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(identity), automountServiceAccountToken: false };
}
