import { App, Duration, Lazy, Size, Stack } from 'aws-cdk-lib';
import * as older from 'aws-cdk-lib/aws-eks';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelSource } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-service-props';
import { ServingImage } from '../../lib/serving/serving-image';
import { DIGITS, emptyStack, importedCluster, modelService, publishedModel, stackWith } from './fixtures';

describe('bad input', () => {
  test.each<[string, Partial<ModelServiceProps>, RegExp]>([
    ['a name that Kubernetes refuses', { serviceName: 'Digits_1' }, /serviceName must be at most 50 .* got "Digits_1"/],
    ['a name that is too long for the Services', { serviceName: 'd'.repeat(51) }, /serviceName must be at most 50/],
    ['a model name that is too long for the Services', { modelName: 'D_'.repeat(25) + 'digits' }, /got "(d-){25}digits", which the model's name gives: give serviceName/],
    ['a namespace that is none', { namespaceName: 'My Models' }, /namespaceName must be at most 63/],
    ['a namespace that every cluster has', { createNamespace: true }, /createNamespace needs a namespace that the cluster does not have, got "default"/],
    ...['kube-system', 'kube-public', 'kube-node-lease'].map((namespaceName): [string, Partial<ModelServiceProps>, RegExp] => (
      [`the namespace ${namespaceName}`, { createNamespace: true, namespaceName }, new RegExp(`createNamespace needs a namespace .* got "${namespaceName}"`)])),
    ['equal ports', { grpcPort: 8501 }, /grpcPort and restPort must differ/],
    ['min above max', { minReplicas: 5, maxReplicas: 4 }, /minReplicas must not be above maxReplicas, got 5 and 4/],
    ['the default min above max', { maxReplicas: 2 }, /got 3 \(the default\) and 2/],
    ['a fixed number and an autoscaler', { replicas: 3, maxReplicas: 5 }, /replicas and maxReplicas exclude each other/],
    ['a minimum without an autoscaler', { minReplicas: 2 }, /minReplicas has no effect without maxReplicas/],
    ['a target without an autoscaler', { targetCpuUtilization: 50 }, /targetCpuUtilization has no effect without maxReplicas/],
    ['no pods', { replicas: 0 }, /replicas must be between 1/],
    ['a target above all there is', { maxReplicas: 5, targetCpuUtilization: 101 }, /targetCpuUtilization must be between 1 and 100/],
    ['no surge', { maxSurge: 0 }, /maxSurge must be between 1/],
    ['more processors asked for than allowed', { cpuRequest: 3, cpuLimit: 2 }, /cpuRequest must not be above cpuLimit, got 3 and 2/],
    ['the default processors above the limit', { cpuLimit: 0.5 }, /got 1 \(the default\) and 0.5/],
    ['processors as a token, of which no numbers of threads follow', { cpuLimit: Lazy.number({ produce: () => 2 }) },
      /^cpuLimit must be known when the app is synthesized/],
    ['more memory asked for than allowed',
      { memoryRequest: Size.gibibytes(2), memoryLimit: Size.gibibytes(1) }, /memoryRequest must not be above memoryLimit, got 2048 and 1024 MiB/],
    ['too little memory for any model', { memoryLimit: Size.mebibytes(10) }, /memoryLimit in MiB must be between 64/],
    ['an unknown flag', { serverFlags: { fast: true } }, /is no flag of tensorflow_model_server/],
    ['encryption that no health check speaks', { serverFlags: { ssl_config_file: '/etc/ssl.config' } },
      /^serverFlags\["ssl_config_file"\] must not be set: the health checks .* encrypt in front of the service/],
    ['credentials that no health check has', { serverFlags: { use_alts_credentials: true } }, /"use_alts_credentials"\] must not be set/],
    ['a file that the default image does not have', { serverFlags: { platform_config_file: '/etc/platform.config' } },
      /"platform_config_file"\] names a file that the default image does not have, got "\/etc\/platform.config": give servingImage/],
    ['a base path of its own', { serverFlags: { model_base_path: 's3://models' } }, /model_base_path"\] must not be set/],
    ['an image that moves', { servingImage: ServingImage.fromRegistry('tensorflow/serving:latest') }, /must name one release/],
    ['a longer wait than a function has', { rolloutTimeout: Duration.minutes(15) }, /rolloutTimeout in seconds must be between 10 and 840, got 900/],
    ['a wait without anything applied', { applyManifests: false, rolloutTimeout: Duration.minutes(1) }, /rolloutTimeout has no effect without applyManifests/],
    ['no start', { startupTimeout: Duration.seconds(1) }, /startupTimeout/],
    ['no end', { drainTime: Duration.seconds(0) }, /drainTime/],
    ['an image to copy with, and nothing to copy', { modelStorage: ModelStorage.MOUNTPOINT, copyImage: 'example/aws-cli:1' }, /copyImage has no effect/],
    ['a label that the library sets', { podLabels: { 'app.kubernetes.io/name': 'mine' } }, /podLabels must not set "app.kubernetes.io\/name": the library does/],
    ['a label that is none', { podLabels: { 'a b': 'c', 'tier': 'not ok' } }, /(?=[^]*podLabels label must be)(?=[^]*podLabels\["tier"\] must be at most 63)/],
    ['an annotation that the library sets', { podAnnotations: { 'cdk-tensorflow/models.config': '' } }, /podAnnotations must not set "cdk-tensorflow\/models.config"/],
    ['a container with the server\'s name', { extraContainers: [{ name: 'tensorflow-serving', image: 'agent:1' }] }, /extraContainers must not name one "tensorflow-serving": the library has one/],
    ['a container without an image', { extraContainers: [{ name: 'agent' }] }, /extraContainers must have an image each, and "agent" has none/],
    ['containers with one name', { extraContainers: [{ name: 'agent', image: 'a:1' }, { name: 'agent', image: 'b:1' }] }, /another one has that name/],
    ['a volume without a name', { extraVolumes: [{ emptyDir: {} }] }, /extraVolumes must have a name each.*got undefined/],
    ['a volume with the model\'s name', { extraVolumes: [{ name: 'model', emptyDir: {} }] }, /extraVolumes must not name one "model"/],
    ['an image to copy with that moves', { modelStorage: ModelStorage.COPY, copyImage: 'example/aws-cli:latest' }, /copyImage must have a tag/],
    ['an image to copy with without a tag', { modelStorage: ModelStorage.COPY, copyImage: 'localhost:5000/aws-cli' }, /copyImage must have a tag/],
    ['a class of load balancers without one', { loadBalancerClass: 'x' }, /loadBalancerClass has no effect/],
    ['root', { runAsUser: 0 }, /runAsUser must be between 1/],
    ['a processor feature as nobody writes it', { cpuFeatures: ['AVX512-BF16'] }, /cpuFeatures must be names of \/proc\/cpuinfo/],
    ['nodes without a server for them', { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }, /must keep kubernetes.io\/arch amd64/],
    ['nodes with a system that no server is for', { nodeSelector: { 'kubernetes.io/os': 'windows' } }, /must keep kubernetes.io\/os linux/],
    ['clients of no load balancer', { loadBalancerSourceRanges: ['10.0.0.0/16'] }, /loadBalancerSourceRanges has no effect/],
    ['clients that are no CIDR block', { internalLoadBalancer: true, loadBalancerSourceRanges: ['10.0.0.1'] }, /must be CIDR blocks such as 10.0.0.0\/16, got "10.0.0.1"/],
    ['no clients, which means everybody', { internalLoadBalancer: true, loadBalancerSourceRanges: [] }, /must name at least one CIDR block/],
    ['an environment variable that is none', { environment: { 'A-B': 'x' } }, /environment must be names of letters, digits and underscores, got "A-B"/],
    ['a label that is none', { nodeSelector: { 'a b': 'c' } }, /nodeSelector label must be/],
    ['containers of its own', { podSpec: { containers: [] } }, /podSpec must not set containers/],
    ['a model that no stripping could fit', { model: ModelSource.fromAsset(DIGITS), memoryLimit: Size.mebibytes(0.001) }, /cannot hold the model/],
    ['options of an optimization that nobody runs', { seed: 1 }, /seed has no effect on a model that is published already/],
  ])('fails for %s', (_, props, message) => {
    expect(() => stackWith(props)).toThrow(message);
  });

  test('fails for an imported cluster without a kubectl provider', () => {
    const stack = emptyStack();

    expect(() => modelService(stack, { cluster: importedCluster(stack, { kubectlProvider: undefined }) }))
      .toThrow(/the cluster "Stack\/Cluster" has no kubectl provider.* set applyManifests to false/);
  });

  test('fails for a cluster of the older module, with the way to import it', () => {
    const stack = emptyStack();
    const cluster = older.Cluster.fromClusterAttributes(stack, 'Older', { clusterName: 'older' }) as unknown as ModelServiceProps['cluster'];

    expect(() => modelService(stack, { cluster })).toThrow(
      'the cluster "Stack/Older" is one of aws-cdk-lib/aws-eks, whose kubectl function is not found here: import it by eks.Cluster.fromClusterAttributes(this, …, '
      + '{ clusterName: cluster.clusterName, kubectlProvider }) of aws-cdk-lib/aws-eks-v2',
    );
  });

  test('fails for a model in the format of Lambda', () => {
    const stack = emptyStack();
    const model = ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Lite', {
      bucket: s3.Bucket.fromBucketName(stack, 'LiteModels', 'models'), manifestKey: 'digits-0123abcd/litert/7/manifest.json',
    }));

    expect(() => modelService(stack, { model })).toThrow(/published as litert, and saved_model is needed here/);
  });

  test('accepts a flag that names a file in the user\'s image, and flags that enable nothing', () => {
    expect(() => stackWith({
      serverFlags: { tensorflow_session_config_file: '/etc/session.config', use_alts_credentials: false }, servingImage: ServingImage.fromRegistry('example/serving:1'),
    })).not.toThrow();
  });

  test('names all problems at once', () => {
    expect(() => stackWith({ serviceName: 'A', replicas: 0, restPort: 8500, memoryLimit: Size.mebibytes(1) })).toThrow(/^4 problems:/m);
  });

  test('a published model of another stack is refused, with the way out', () => {
    const app = new App();
    const elsewhere = publishedModel(new Stack(app, 'Elsewhere'));

    expect(() => modelService(new Stack(app, 'Here'), { model: ModelSource.fromArtifact(elsewhere) })).toThrow(/belongs to another stack/);
  });
});
