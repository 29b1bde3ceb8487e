import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ModelService, ModelSource } from 'cdk-tensorflow';

const stack = new Stack(new App(), 'DigitsOnKubernetes');

const cluster = new eks.Cluster(stack, 'Cluster', {
  version: eks.KubernetesVersion.V1_36,
  kubectlProviderOptions: { kubectlLayer: new KubectlV36Layer(stack, 'Kubectl') },
});

// Metrics of the pods, by which the autoscaler decides.
const metrics = new eks.Addon(stack, 'MetricsServer', { cluster, addonName: 'metrics-server' });

const digits = new ModelService(stack, 'Digits', {
  cluster,
  model: ModelSource.fromAsset('../../digits/saved_model'),
  maxReplicas: 10,
});
digits.node.addDependency(metrics);

new CfnOutput(stack, 'Host', { value: `${digits.serviceName}.${digits.namespaceName}.svc.cluster.local` });
