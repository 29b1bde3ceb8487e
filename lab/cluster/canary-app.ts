import { App, Duration, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelSource, Rollout } from '../../lib';
import { ModelService } from '../../lib/kubernetes/model-service';

// A service with a canary, and in the second directory the same service without one.

[Rollout.canary({ percent: 10, bake: Duration.minutes(1), maxLatency: Duration.millis(500) }), Rollout.allAtOnce()].forEach((rollout, index) => {
  const app = new App({ outdir: process.argv[2 + index], context: { 'aws:cdk:bundling-stacks': [] } });
  const stack = new Stack(app, 'Canary');
  const layer = (id: string) => lambda.LayerVersion.fromLayerVersionArn(stack, id, stack.formatArn({ service: 'lambda', resource: `layer:${id}:1` }));
  const kubectlProvider = new eks.KubectlProvider(stack, 'Provider', {
    cluster: eks.Cluster.fromClusterAttributes(stack, 'Named', { clusterName: 'test' }), kubectlLayer: layer('kubectl'), awscliLayer: layer('awscli'),
  });
  const model = ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/saved_model/7/manifest.json',
  });
  new ModelService(stack, 'Digits', {
    cluster: eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'test', kubectlProvider }),
    model: ModelSource.fromArtifact(model),
    namespaceName: 'canary',
    createNamespace: true,
    maxReplicas: 5,
    rollout,
  });
  app.synth();
});
