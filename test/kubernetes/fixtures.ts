import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ModelArtifact } from '../../lib';
import { ModelService } from '../../lib/kubernetes/model-service';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelSource } from '../../lib/model/model-source';
import type { IModelArtifact } from '../../lib/model/published-model';

export const MANIFEST = 'Custom::AWSCDK-EKS-KubernetesResource';
export const GATE = 'Custom::AWSCDK-EKS-KubernetesObjectValue';
export const FIT = 'Custom::TensorFlowModelCompatibility';
export const DIGITS = 'examples/digits/saved_model';

/** All feature flags off, and as `cdk init` recommends them. A library must work with both. */
export const FLAG_SETS: [string, Record<string, unknown>][] = [
  ['without feature flags', {}],
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  ['with the recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
];

/** A stack without an environment, in an app that bundles nothing. */
export function emptyStack(flags: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } }), 'Stack');
}

/** A cluster that was made elsewhere, with the function that applies manifests to it. */
export function importedCluster(scope: Construct, attributes: Partial<eks.ClusterAttributes> = {}): eks.ICluster {
  return eks.Cluster.fromClusterAttributes(scope, 'Cluster', {
    clusterName: 'models',
    clusterSecurityGroupId: 'sg-0123456789abcdef0',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(scope, 'Kubectl', {
      serviceToken: `arn:${Stack.of(scope).partition}:lambda:eu-central-1:123456789012:function:kubectl`,
    }),
    ...attributes,
  });
}

/** A cluster that was made elsewhere, whose kubectl function belongs to the stack: canaries need its role. */
export function watchedCluster(stack: Stack): eks.ICluster {
  const layer = (id: string) => lambda.LayerVersion.fromLayerVersionArn(stack, id, stack.formatArn({ service: 'lambda', resource: `layer:${id}:1` }));
  const named = eks.Cluster.fromClusterAttributes(stack, 'Named', { clusterName: 'models' });
  const kubectlProvider = new eks.KubectlProvider(stack, 'Provider', { cluster: named, kubectlLayer: layer('kubectl'), awscliLayer: layer('awscli') });
  return eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'models', kubectlProvider });
}

/** A published SavedModel in a bucket. */
export function publishedModel(scope: Construct, version = 7): IModelArtifact {
  return ModelArtifact.fromBucket(scope, 'Published', {
    bucket: s3.Bucket.fromBucketName(scope, 'Models', 'models'),
    manifestKey: `digits-0123abcd/saved_model/${version}/manifest.json`,
    manifestSha256: 'a'.repeat(64),
  });
}

/** A service of a published model: the smallest stack that has one. */
export function modelService(stack: Stack, props: Partial<ModelServiceProps> = {}, id = 'Digits'): ModelService {
  return new ModelService(stack, id, {
    cluster: props.cluster ?? importedCluster(stack),
    model: props.model ?? ModelSource.fromArtifact(publishedModel(stack)),
    ...props,
  });
}

/** A stack with such a service and nothing else. */
export function stackWith(props: Partial<ModelServiceProps> = {}, flags: Record<string, unknown> = {}): Stack {
  const stack = emptyStack(flags);
  modelService(stack, props);
  return stack;
}

/** Placeholders in a template for values of the deployment. */
export const DEPLOYED: Record<string, string> = {
  Version: '7', ChecksumsSha256: 'c'.repeat(64), MemoryRequest: '640Mi', KeyPrefix: 'digits-0123abcd/saved_model/7/', PodsDigest: '01234567', ObjectsDigest: '89abcdef',
};

/** Fills in what CloudFormation fills in: attributes of the fit by name, other references by their logical id. */
export function deployed(value: any, attributes: Record<string, string> = DEPLOYED): any {
  if (Array.isArray(value)) {
    return value.map((item) => deployed(item, attributes));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const [[name, content]] = Object.entries(value) as [string, any][];
  switch (name) {
    case 'Ref': return content === 'AWS::Region' ? 'eu-central-1' : content;
    case 'Fn::GetAtt': return attributes[content[1]] ?? `${content[0]}.${content[1]}`;
    case 'Fn::Join': return deployed(content[1], attributes).join(content[0]);
    case 'Fn::Select': return deployed(content[1], attributes)[Number(content[0])];
    case 'Fn::Split': return deployed(content[1], attributes).split(content[0]);
    case 'Fn::Sub': return content;
    default: return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, deployed(member, attributes)]));
  }
}

/** Every Kubernetes object that a stack applies, as it would reach the cluster. */
export function objectsOf(stack: Stack, attributes: Record<string, string> = DEPLOYED): any[] {
  return Object.values(Template.fromStack(stack).findResources(MANIFEST))
    .flatMap((resource) => JSON.parse(deployed(resource.Properties.Manifest, attributes)));
}

/** The one object of a kind, or of a kind and with a name that ends in a text. */
export function objectOf(stack: Stack, kind: string, suffix = ''): any {
  const found = objectsOf(stack).filter((object) => object.kind === kind && object.metadata.name.endsWith(suffix));
  expect(found.map(({ metadata }) => metadata.name)).toHaveLength(1);
  return found[0];
}

/** The Deployment's pod spec. */
export function podOf(stack: Stack): any {
  return objectOf(stack, 'Deployment').spec.template.spec;
}

/** The container that serves. */
export function serverOf(stack: Stack): any {
  return podOf(stack).containers[0];
}

/** The one resource of a type whose logical id starts with a text. */
export function resourceOf(stack: Stack, type: string, prefix = ''): { id: string; properties: any; resource: any } {
  const found = Object.entries(Template.fromStack(stack).findResources(type)).filter(([id]) => id.startsWith(prefix));
  expect(found.map(([id]) => id)).toHaveLength(1);
  const [id, resource] = found[0];
  return { id, properties: resource.Properties, resource };
}

/** The service's offer to its model. */
export function offerOf(stack: Stack): any {
  return JSON.parse(deployed(resourceOf(stack, FIT).properties.Offer));
}
