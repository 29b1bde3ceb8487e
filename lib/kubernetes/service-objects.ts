import { Stack, Token } from 'aws-cdk-lib';
import type { RemovalPolicy } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { namespaceManifest } from './service-manifests';

export interface ServiceObjectsOptions {
  readonly cluster: eks.ICluster;
  readonly identity: ObjectIdentity;
  /** True if the deployment applies the objects. */
  readonly applied: boolean;
  /** Constructs that must succeed before any object is applied. */
  readonly after?: Construct;
  readonly adoptExisting?: boolean;
  readonly removalPolicy?: RemovalPolicy;
}

/** The Kubernetes objects of a service, in the order to apply them, and the constructs that apply them. */
export class ServiceObjects {
  public readonly objects: KubernetesObject[] = [];
  /** Empty if the deployment does not apply the objects. */
  public readonly manifests: eks.KubernetesManifest[] = [];
  private readonly home: Construct;

  constructor(private readonly scope: Construct, private readonly options: ServiceObjectsOptions) {
    const { cluster, identity } = options;
    // A new id for another cluster, name or namespace: new objects are then created before the old ones are deleted.
    const known = [identity.namespace, identity.name].filter((name) => !Token.isUnresolved(name));
    this.home = new Construct(scope, ['Objects', clusterId(cluster), ...known.length === 2 ? known : []].join('.'));
  }

  /** Adds objects, and a construct that applies them if the deployment does. */
  public add(id: string, objects: KubernetesObject[], ...before: Construct[]): eks.KubernetesManifest[] {
    this.objects.push(...objects);
    return this.options.applied ? this.keep(this.apply(this.home, id, objects), before) : [];
  }

  /** Adds the namespace. Services in a stack share it, because it can be created only once. */
  public addNamespace(): eks.KubernetesManifest[] {
    const { cluster, identity: { namespace } } = this.options;
    const objects = [namespaceManifest(namespace)];
    this.objects.push(...objects);
    if (!this.options.applied) {
      return [];
    }
    const stack = Stack.of(this.scope);
    const id = `TensorFlowNamespace.${clusterId(cluster)}.${Token.isUnresolved(namespace) ? this.scope.node.addr : namespace}`;
    const made = stack.node.tryFindChild(id) as eks.KubernetesManifest | undefined;
    return this.keep(made ?? this.apply(stack, id, objects), []);
  }

  private keep(manifest: eks.KubernetesManifest, before: Construct[]): eks.KubernetesManifest[] {
    const { after } = this.options;
    const first = after ? [...before, after] : before;
    if (first.length > 0) {
      manifest.node.addDependency(...first);
    }
    this.manifests.push(manifest);
    return [manifest];
  }

  /** Use one construct per removable object: the CDK does not always delete an object that is removed from a manifest. */
  private apply(scope: Construct, id: string, objects: KubernetesObject[]): eks.KubernetesManifest {
    const { cluster, adoptExisting, removalPolicy } = this.options;
    return new eks.KubernetesManifest(scope, id, {
      cluster,
      // Copy, because the CDK adds labels to its input.
      manifest: objects.map((object) => ({ ...object, metadata: { ...object.metadata as object } })),
      overwrite: adoptExisting,
      // The label that it needs holds the construct's path, so that `cdk refactor` could not rename the service. No object leaves its manifest.
      prune: false,
      removalPolicy,
    });
  }
}

/** Service paths by cluster. For an imported cluster by stack, as another stack may be in another account. */
const served = new WeakMap<object, Map<string, string>>();

/** Returns a problem if another service owns the same objects; otherwise registers this service as their owner. */
export function checkUnclaimed(scope: Construct, cluster: eks.ICluster, { namespace, name }: ObjectIdentity): string[] {
  if (Token.isUnresolved(namespace) || Token.isUnresolved(name)) {
    return [];
  }
  const owner = Token.isUnresolved(cluster.clusterName) ? cluster : Stack.of(scope);
  const names = served.get(owner) ?? new Map<string, string>();
  served.set(owner, names);
  const key = `${clusterId(cluster)}/${namespace}/${name}`;
  const other = names.get(key);
  names.set(key, other ?? scope.node.path);
  return other === undefined
    ? []
    : [`${JSON.stringify(other)} has the serviceName ${JSON.stringify(name)} in the namespace ${JSON.stringify(namespace)} of this cluster already: `
      + 'give this one another serviceName or namespaceName'];
}

/** Returns an id that differs between the clusters of a stack. */
export function clusterId({ clusterName, node }: eks.ICluster): string {
  return Token.isUnresolved(clusterName) ? node.addr.slice(0, 8) : clusterName;
}
