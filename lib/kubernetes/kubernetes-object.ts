/** A Kubernetes object as data. Values may be tokens. */
export type KubernetesObject = Record<string, unknown>;

/** Name and namespace shared by a service's objects. */
export interface ObjectIdentity {
  readonly name: string;
  readonly namespace: string;
}

/** Labels that select a service's pods. They must not change: a Deployment's selector is immutable. */
export function selectorLabels(identity: ObjectIdentity): Record<string, string> {
  return { 'app.kubernetes.io/name': 'tensorflow-serving', 'app.kubernetes.io/instance': identity.name };
}

export function objectLabels(identity: ObjectIdentity): Record<string, string> {
  return { ...selectorLabels(identity), 'app.kubernetes.io/component': 'model-server', 'app.kubernetes.io/managed-by': 'cdk-tensorflow' };
}

/** Returns an object's metadata; `suffix` distinguishes objects of the same kind. */
export function metadata(identity: ObjectIdentity, suffix = ''): Record<string, unknown> {
  return { name: `${identity.name}${suffix}`, namespace: identity.namespace, labels: objectLabels(identity) };
}

/** Security context that the restricted pod security standard requires of each container. */
export function containerSecurity(readOnlyRootFilesystem: boolean): Record<string, unknown> {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem, capabilities: { drop: ['ALL'] } };
}

/** Security context that the standard requires of the pod. `fsGroup` gives the user read access to the Mountpoint volume. */
export function podSecurity(user: number): Record<string, unknown> {
  return { runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } };
}
