import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelSource } from '../../lib';
import { ModelService } from '../../lib/kubernetes/model-service';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-storage';

/** The stacks whose Kubernetes objects the tests take out of the synthesized templates. */
const app = new App({ outdir: process.argv[2], context: { 'aws:cdk:bundling-stacks': [] } });

function service(id: string, props: Partial<ModelServiceProps>): void {
  const stack = new Stack(app, id);
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'test',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', { serviceToken: 'kubectl' }),
  });
  const model = ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/saved_model/7/manifest.json',
  });
  new ModelService(stack, 'Digits', { cluster, model: ModelSource.fromArtifact(model), createNamespace: true, ...props });
}

service('Fixed', {
  namespaceName: 'fixed', batching: true, internalLoadBalancer: true, minReadyTime: Duration.seconds(3), memoryLimit: Size.gibibytes(1), cpuLimit: 1, cpuFeatures: ['avx2'],
});
service('Copied', { namespaceName: 'copied', modelStorage: ModelStorage.COPY, replicas: 1 });
service('Scaled', { namespaceName: 'scaled', maxReplicas: 5 });
service('Bfloat16', { namespaceName: 'bfloat16', modelStorage: ModelStorage.COPY, replicas: 1, cpuFeatures: ['bf16'] });
app.synth();

// The same stack after its autoscaler was taken out.
const later = new App({ outdir: process.argv[3], context: { 'aws:cdk:bundling-stacks': [] } });
const stack = new Stack(later, 'Scaled');
new ModelService(stack, 'Digits', {
  cluster: eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'test',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', { serviceToken: 'kubectl' }),
  }),
  model: ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/saved_model/7/manifest.json',
  })),
  createNamespace: true,
  namespaceName: 'scaled',
});
later.synth();
