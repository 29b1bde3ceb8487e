import { Stack, Token } from 'aws-cdk-lib';
import type { RemovalPolicy } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { namespaceManifest } from './namespace-manifest';

/** Where the objects of a service go, and how. */
export interface ServiceObjectsOptions {
  readonly cluster: eks.ICluster;
  readonly identity: ObjectIdentity;
  /** Whether the deployment applies them. */
  readonly applied: boolean;
  readonly adoptExisting?: boolean;
  readonly removalPolicy?: RemovalPolicy;
}

/** The Kubernetes objects of a service, in the order to apply them, and what applies them. */
export class ServiceObjects {
  public readonly objects: KubernetesObject[] = [];
  /** Empty where the deployment applies nothing. */
  public readonly manifests: eks.KubernetesManifest[] = [];
  private readonly home: Construct;

  constructor(private readonly scope: Construct, private readonly options: ServiceObjectsOptions) {
    const { cluster, identity } = options;
    // Another cluster, name or namespace means other objects: theirs are made before the old ones go, and none is forgotten.
    const known = [identity.namespace, identity.name].filter((name) => !Token.isUnresolved(name));
    this.home = new Construct(scope, ['Objects', clusterId(cluster), ...known.length === 2 ? known : []].join('.'));
  }

  /** Adds objects to what is served, and where the deployment applies them, the construct that does. */
  public add(id: string, objects: KubernetesObject[], ...before: Construct[]): eks.KubernetesManifest[] {
    this.objects.push(...objects);
    return this.options.applied ? this.keep(this.apply(this.home, id, objects), before) : [];
  }

  /** Adds the namespace. Services of a stack that ask for the same one share it, or the second could not be made. */
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
    if (before.length > 0) {
      manifest.node.addDependency(...before);
    }
    this.manifests.push(manifest);
    return [manifest];
  }

  /** One construct for each object that may go away: what the CDK leaves out of a manifest is not always deleted from the cluster. */
  private apply(scope: Construct, id: string, objects: KubernetesObject[]): eks.KubernetesManifest {
    const { cluster, adoptExisting, removalPolicy } = this.options;
    return new eks.KubernetesManifest(scope, id, {
      cluster,
      // Copies: the CDK writes labels of its own into what it is given.
      manifest: objects.map((object) => ({ ...object, metadata: { ...object.metadata as object } })),
      overwrite: adoptExisting,
      removalPolicy,
    });
  }
}

/** Paths of the services by cluster, or for an imported one by the stack that names it: another stack's may be in another account. */
const served = new WeakMap<object, Map<string, string>>();

/** The problem of a service that would write the objects of another; otherwise remembers whose they are. */
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

/** The same for one cluster, whether the app makes it or names it. */
function clusterId({ clusterName, node }: eks.ICluster): string {
  return Token.isUnresolved(clusterName) ? node.addr.slice(0, 8) : clusterName;
}
