import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelSource } from '../../lib';
import { ModelService } from '../../lib/kubernetes/model-service';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-service-props';
import { ModelServer } from '../../lib/serving/model-server';
import { ServerCertificate } from '../../lib/serving/server-certificate';

/** The stacks whose Kubernetes objects the tests take out of the synthesized templates. */
const app = new App({ outdir: process.argv[2], context: { 'aws:cdk:bundling-stacks': [] } });
/** The same stacks after something was taken out. */
const later = new App({ outdir: process.argv[3], context: { 'aws:cdk:bundling-stacks': [] } });

function service(scope: App, id: string, props: Partial<ModelServiceProps>): void {
  const stack = new Stack(scope, id);
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'test',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', { serviceToken: 'kubectl' }),
  });
  const format = props.server === ModelServer.LITERT ? 'litert' : 'saved_model';
  const model = ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: `digits-0123abcd/${format}/7/manifest.json`,
  });
  new ModelService(stack, 'Digits', { cluster, model: ModelSource.fromArtifact(model), createNamespace: true, ...props });
}

const fixed: Partial<ModelServiceProps> = {
  namespaceName: 'fixed', modelStorage: ModelStorage.MOUNTPOINT, batching: true, minReadyTime: Duration.seconds(3), memoryLimit: Size.gibibytes(1), cpuLimit: 1, cpuFeatures: ['avx2'],
};
service(app, 'Fixed', { ...fixed, internalLoadBalancer: true, loadBalancerSourceRanges: ['10.0.0.0/16'] });
service(app, 'Copied', { namespaceName: 'copied', modelStorage: ModelStorage.COPY, replicas: 1, environment: { TF_ENABLE_ONEDNN_OPTS: '0' } });
// An agent that requests no processor must not keep the autoscaler from scaling.
const scaled: Partial<ModelServiceProps> = { namespaceName: 'scaled', extraContainers: [{ name: 'agent', image: 'public.ecr.aws/amazonlinux/amazonlinux:2023-minimal' }] };
service(app, 'Scaled', { ...scaled, maxReplicas: 5 });
service(app, 'Bfloat16', { namespaceName: 'bfloat16', modelStorage: ModelStorage.COPY, replicas: 1, cpuFeatures: ['bf16'] });
service(app, 'LiteRt', {
  namespaceName: 'litert', server: ModelServer.LITERT, replicas: 1, cpuLimit: 2, serverFlags: { queue_size: 32 },
  internalLoadBalancer: true, serverCertificate: ServerCertificate.fromKubernetesSecret('digits-tls'),
});
app.synth();

service(later, 'Fixed', fixed);
service(later, 'Scaled', scaled);
later.synth();
