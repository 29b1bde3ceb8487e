import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { App, CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { EvaluationData, ModelServer, ModelService, ModelSource, ModelStorage, OptimizationRecipe, Rollout } from '../../lib';
import { MISSING_BUCKET, OTHER_WORKLOAD } from './other-workloads';

/** The digits example in pods with the LiteRT server, small enough for three nodes that share one machine. */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);
const number = (name: string): number | undefined => context(name) === undefined ? undefined : Number(context(name));

const stack = new Stack(app, context('stack')!, { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION } });
const cluster = new eks.Cluster(stack, 'Cluster', {
  version: eks.KubernetesVersion.V1_36, kubectlProviderOptions: { kubectlLayer: new KubectlV36Layer(stack, 'Kubectl') },
});

/** A container beside the server that takes more memory than it may have, crashes, or is never ready. */
function extraContainer(how: string): { [field: string]: unknown } {
  const scripts: { [how: string]: string } = { greedy: 'exec tail /dev/zero', crashing: 'echo "cannot go on" >&2; exit 3', unready: 'exec sleep 3600' };
  return {
    name: how,
    image: 'public.ecr.aws/amazonlinux/amazonlinux:2023-minimal',
    command: ['/bin/sh', '-c', scripts[how]],
    resources: { limits: { memory: '32Mi' } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...how === 'unready' ? { readinessProbe: { exec: { command: ['/bin/sh', '-c', 'echo not yet; exit 1'] }, periodSeconds: 2 } } : {},
  };
}

const extra = context('extra');
const [bakeSeconds, maxMilliseconds] = [number('bakeSeconds'), number('maxMilliseconds')];
const service = new ModelService(stack, 'Digits', {
  cluster,
  model: ModelSource.fromAsset('examples/digits/saved_model'),
  server: ModelServer.LITERT,
  modelName: 'digits',
  evaluation: EvaluationData.fromAsset('examples/digits/evaluation.npz'),
  recipe: context('recipe') === 'none' ? OptimizationRecipe.none() : OptimizationRecipe.forLiteRt(),
  namespaceName: 'models',
  createNamespace: true,
  replicas: 3,
  cpuRequest: number('cpuRequest') ?? 0.1,
  memoryRequest: Size.mebibytes(64),
  drainTime: Duration.seconds(number('drainSeconds') ?? 20),
  rolloutTimeout: Duration.seconds(number('rolloutSeconds') ?? 300),
  startupTimeout: Duration.seconds(number('startupSeconds') ?? 60),
  baseImage: context('baseImage'),
  extraContainers: extra === undefined ? undefined : [extraContainer(extra)],
  rollout: bakeSeconds === undefined ? undefined : Rollout.canary({
    percent: 10, bake: Duration.seconds(bakeSeconds), maxLatency: maxMilliseconds === undefined ? undefined : Duration.millis(maxMilliseconds),
  }),
  modelStorage: context('storage') === 'mounted' ? ModelStorage.MOUNTPOINT : undefined,
});
if (context('driver') === 'installed') {
  service.node.addDependency(new eks.Addon(stack, 'Driver', { cluster, addonName: 'aws-mountpoint-s3-csi-driver' }));
}
if (context('otherWorkload') === 'associated') {
  const role = new iam.Role(stack, 'OtherWorkloadRole', { assumedBy: new iam.SessionTagsPrincipal(new iam.ServicePrincipal('pods.eks.amazonaws.com')) });
  role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [`arn:aws:s3:::${MISSING_BUCKET}`] }));
  new CfnPodIdentityAssociation(stack, 'OtherWorkloadIdentity', { clusterName: cluster.clusterName, ...OTHER_WORKLOAD, roleArn: role.roleArn });
}
new CfnOutput(stack, 'ClusterName', { value: cluster.clusterName });
new CfnOutput(stack, 'ArtifactBucket', { value: service.artifact.bucket.bucketName });
new CfnOutput(stack, 'ManifestKey', { value: service.optimizer!.manifestKey });
