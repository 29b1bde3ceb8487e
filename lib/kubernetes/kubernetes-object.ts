/** A Kubernetes object as data. Leaves may be tokens. */
export type KubernetesObject = Record<string, unknown>;

/** What every object of a service is found by. */
export interface ObjectIdentity {
  readonly name: string;
  readonly namespace: string;
}

/** Labels that select a service's pods. A Deployment's selector can never change, so neither can these. */
export function selectorLabels(identity: ObjectIdentity): Record<string, string> {
  return { 'app.kubernetes.io/name': 'tensorflow-serving', 'app.kubernetes.io/instance': identity.name };
}

/** Labels of every object. */
export function objectLabels(identity: ObjectIdentity): Record<string, string> {
  return { ...selectorLabels(identity), 'app.kubernetes.io/component': 'model-server', 'app.kubernetes.io/managed-by': 'cdk-tensorflow' };
}

/** Name, namespace and labels of an object; `suffix` tells it from others of its kind. */
export function metadata(identity: ObjectIdentity, suffix = ''): Record<string, unknown> {
  return { name: `${identity.name}${suffix}`, namespace: identity.namespace, labels: objectLabels(identity) };
}
