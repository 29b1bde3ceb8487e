import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ModelSource } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { DIGITS, emptyStack, importedCluster, MANIFEST, modelService, objectsOf, publishedModel, resourceOf, stackWith } from './fixtures';

const manifestsOf = (stack: Stack): Record<string, any> => Template.fromStack(stack).findResources(MANIFEST);

/** A stack with two services of one model in one cluster. */
function pair(first: Partial<ModelServiceProps>, second: Partial<ModelServiceProps>): Stack {
  const stack = emptyStack();
  const shared = { cluster: importedCluster(stack), model: ModelSource.fromArtifact(publishedModel(stack)) };
  modelService(stack, { ...shared, ...first }, 'First');
  modelService(stack, { ...shared, ...second }, 'Second');
  return stack;
}

describe('the objects of a service', () => {
  test('in another cluster are other objects: none is left in the previous cluster', () => {
    const elsewhere = emptyStack();
    modelService(elsewhere, { cluster: importedCluster(elsewhere, { clusterName: 'elsewhere' }), createNamespace: true, namespaceName: 'models' });

    const ids = (stack: Stack) => Object.keys(manifestsOf(stack));
    const before = ids(stackWith({ createNamespace: true, namespaceName: 'models' }));
    expect(ids(elsewhere)).toHaveLength(before.length);
    expect(ids(elsewhere).filter((id) => before.includes(id))).toEqual([]);
  });

  test('are deleted when they are no longer applied, and existing objects are not overwritten', () => {
    for (const resource of Object.values(manifestsOf(stackWith()))) {
      expect(resource.DeletionPolicy).toBe('Delete');
      expect(resource.Properties.Overwrite).toBeUndefined();
    }
  });

  test('stay for the next tool that applies them, and are taken over from the previous one, on request', () => {
    const stack = stackWith({ removalPolicy: RemovalPolicy.RETAIN, adoptExisting: true, createNamespace: true, namespaceName: 'models' });

    for (const resource of Object.values(manifestsOf(stack))) {
      expect([resource.DeletionPolicy, resource.Properties.Overwrite]).toEqual(['Retain', true]);
    }
  });

  test.each<[string, Partial<ModelServiceProps>]>([
    ['removalPolicy', { removalPolicy: RemovalPolicy.RETAIN }], ['adoptExisting', { adoptExisting: true }],
  ])('%s is refused if nothing is applied', (name, props) => {
    expect(() => stackWith({ ...props, applyManifests: false })).toThrow(new RegExp(`${name} has no effect without applyManifests`));
  });

  test('come after the association of the pods\' role, which takes effect only seconds later, and before the pods', () => {
    const stack = stackWith({ internalLoadBalancer: true });
    const dependencies = (id: string) => resourceOf(stack, MANIFEST, `DigitsObjectsmodelsdefaultdigits${id}`).resource.DependsOn;

    for (const id of ['ServiceAccount', 'HeadlessService', 'LoadBalancer']) {
      expect(dependencies(id)).toEqual(expect.arrayContaining([expect.stringMatching(/^DigitsAccessAssociation/)]));
    }
    expect(dependencies('Deployment')).toEqual(expect.arrayContaining([expect.stringMatching(/digitsServiceAccount/)]));
  });
});

describe('two services', () => {
  test('share a namespace that both create', () => {
    const stack = pair({ createNamespace: true, namespaceName: 'models' }, { createNamespace: true, namespaceName: 'models' });

    expect(objectsOf(stack).filter(({ kind }) => kind === 'Namespace')).toHaveLength(1);
    const accounts = Object.entries(manifestsOf(stack)).filter(([id]) => id.includes('ServiceAccount'));
    expect(accounts).toHaveLength(2);
    for (const [, { DependsOn }] of accounts) {
      expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^TensorFlowNamespacemodelsmodels/)]));
    }
  });

  test('of one name are refused, with the paths of both', () => {
    expect(() => pair({ serviceName: 'digits' }, { serviceName: 'digits' }))
      .toThrow(/^"Stack\/First" has the serviceName "digits" in the namespace "default" of this cluster already: give this one another/);
    expect(() => pair({ serviceName: 'digits' }, { serviceName: 'digits', applyManifests: false })).toThrow(/already/);
  });

  test('of one name are accepted in two namespaces, and in two clusters', () => {
    expect(() => pair({ serviceName: 'digits' }, { serviceName: 'digits', namespaceName: 'models' })).not.toThrow();
    const stack = emptyStack();
    const cluster = importedCluster(stack);
    modelService(stack, { cluster }, 'First');
    const other = eks.Cluster.fromClusterAttributes(stack, 'Other', { clusterName: 'other', kubectlProvider: cluster.kubectlProvider });
    expect(() => modelService(stack, { cluster: other, serviceName: 'first', model: ModelSource.fromAsset(DIGITS) }, 'Second')).not.toThrow();
  });

  test('of one name are accepted in stacks whose clusters have the same name: these may be in different accounts', () => {
    const app = emptyStack().node.root;
    for (const name of ['Development', 'Production']) {
      const stack = new Stack(app, name);
      expect(() => modelService(stack, { cluster: importedCluster(stack) })).not.toThrow();
    }
  });
});

describe('the version of a cluster of the same app', () => {
  const made = (version: string) => {
    const stack = emptyStack();
    modelService(stack, { applyManifests: false, cluster: new eks.Cluster(stack, 'Cluster', { version: eks.KubernetesVersion.of(version) }) });
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('has Kubernetes 1')).map(({ entry }) => entry.data);
  };

  test('is too old where pods cannot end as they must', () => {
    expect(() => made('1.29')).toThrow(/the cluster "Stack\/Cluster" has Kubernetes 1.29, and pods need 1.30 or newer/);
  });

  test.each(['1.30', '1.33'])('is warned of where it is older than those tested: %s', (version) => {
    expect(made(version)).toEqual([expect.stringContaining(`has Kubernetes ${version}, and this library is tested with 1.34 and newer`)]);
  });

  test('is fine otherwise', () => {
    expect(made('1.34')).toEqual([]);
  });
});
