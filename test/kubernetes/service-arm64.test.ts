import { App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ServiceStack } from '../../bin/service-stack';
import { ModelArtifact, ModelServer, ModelSource } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { emptyStack, modelService } from './fixtures';

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths);

const ARM: Partial<ModelServiceProps> = { architecture: lambda.Architecture.ARM_64 };

/** The warnings about nodes of a service in a cluster of the same app. */
function warnings(props: Partial<ModelServiceProps>, cluster: Partial<eks.ClusterProps> = {}): unknown[] {
  const stack = emptyStack();
  const model = ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/litert/7/manifest.json', manifestSha256: 'a'.repeat(64),
  }));
  modelService(stack, {
    applyManifests: false, cluster: new eks.Cluster(stack, 'Cluster', { version: eks.KubernetesVersion.V1_36, ...cluster }), server: ModelServer.LITERT, model, ...props,
  });
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('built-in node pools')).map(({ entry }) => entry.data);
}

describe('pods on arm64 in a cluster of the same app', () => {
  test('are warned of where only the built-in pools of Auto Mode may take them', () => {
    expect(warnings(ARM)).toEqual([expect.stringMatching(/built-in node pools of EKS Auto Mode in "Stack\/Cluster" .* Add a NodePool for arm64/)]);
  });

  test.each<[string, Partial<ModelServiceProps>, Partial<eks.ClusterProps>]>([
    ['they name the pool', { ...ARM, nodeSelector: { 'karpenter.sh/nodepool': 'graviton' } }, {}],
    ['the nodes are the owner\'s', ARM, { defaultCapacityType: eks.DefaultCapacityType.NODEGROUP }],
    ['the processor is x86_64', {}, {}],
  ])('are not warned of where %s', (_, props, cluster) => {
    expect(warnings(props, cluster)).toEqual([]);
  });
});

test('the example of a service has a node pool for arm64 before pods that need one', () => {
  const stack = new ServiceStack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'ServiceStack', {
    model: 'examples/digits/saved_model', architecture: lambda.Architecture.ARM_64, server: ModelServer.LITERT,
  });
  const objects = Object.entries(Template.fromStack(stack).findResources('Custom::AWSCDK-EKS-KubernetesResource'));
  const [[id, pool]] = objects.filter(([, { Properties }]) => JSON.stringify(Properties.Manifest).includes('NodePool'));
  const [[, deployment]] = objects.filter(([name]) => name.includes('Deployment'));

  expect(JSON.stringify(pool.Properties.Manifest)).toContain('arm64');
  expect(JSON.stringify(deployment.Properties.Manifest)).toMatch(/karpenter\.sh\/nodepool[^,}]*graviton/);
  expect(deployment.DependsOn).toContain(id);
  expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('built-in node pools'))).toEqual([]);
});
