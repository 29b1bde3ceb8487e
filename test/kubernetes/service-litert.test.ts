import type { Stack } from 'aws-cdk-lib';
import { Duration, Lazy, Size } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-service-props';
import { ModelSource } from '../../lib/model/model-source';
import { OptimizationRecipe } from '../../lib/optimization/recipe/optimization-recipe';
import { Quantization } from '../../lib/optimization/recipe/quantization';
import { ModelServer } from '../../lib/serving/model-server';
import { ServingImage } from '../../lib/serving/serving-image';
import { fileWith, LITERT } from '../model/model-files';
import { programDigest, withoutProgram } from '../serving/stand-in-programs';
import { DIGITS, emptyStack, modelService, objectOf, objectsOf, offerOf, podOf, serverOf } from './fixtures';

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths);

/** A service of a published LiteRT model. */
function stackWith(props: Partial<ModelServiceProps> = {}): Stack {
  const stack = emptyStack();
  const model = ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/litert/7/manifest.json', manifestSha256: 'a'.repeat(64),
  }));
  modelService(stack, { model, server: ModelServer.LITERT, ...props });
  return stack;
}

const initOf = (stack: Stack, name: string) => podOf(stack).initContainers.find((container: any) => container.name === name);
const envOf = (container: any): Record<string, string> => Object.fromEntries(container.env.map(({ name, value }: any) => [name, value]));

describe('pods with the LiteRT server', () => {
  test('run the program of this library in a plain image that is pinned', () => {
    const server = serverOf(stackWith());

    expect(server.name).toBe('model-server');
    expect(server.image).toBe('public.ecr.aws/amazonlinux/amazonlinux:2023.9.20250929.0-minimal');
    expect(server.command).toEqual(['/opt/litert/model_server']);
    expect(server.args).toEqual(expect.arrayContaining([
      '--port=8500', '--rest_api_port=8501', '--model_name=digits', '--model_base_path=/models/digits', '--model_version=7',
      `--checksums_sha256=digits/7=${'c'.repeat(64)}`, '--litert_library=/opt/litert/libLiteRt.so', '--workers=1',
    ]));
    expect(server.ports).toEqual([{ name: 'grpc', containerPort: 8500 }, { name: 'http', containerPort: 8501 }]);
  });

  test('are scaled by the processors of their server, not of other containers', () => {
    const autoscaler = objectOf(stackWith({ maxReplicas: 8, extraContainers: [{ name: 'agent', image: 'agent:1' }] }), 'HorizontalPodAutoscaler');

    expect(autoscaler.spec.metrics).toMatchObject([{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'model-server' } }]);
  });

  test('keep to the restricted pod security standard', () => {
    const pod = podOf(stackWith());

    expect(pod.securityContext).toEqual({ runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of [...pod.initContainers, ...pod.containers]) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.containers[0].volumeMounts).toEqual([
      { name: 'model', mountPath: '/models/digits', readOnly: true },
      { name: 'server', mountPath: '/opt/litert', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ]);
  });

  test('copy program, library and model from S3, and verify each before the server starts', () => {
    const stack = stackWith();
    const copy = envOf(initOf(stack, 'copy-files'));
    const verify = envOf(initOf(stack, 'verify-files'));

    expect(podOf(stack).initContainers.map(({ name }: any) => name)).toEqual(['copy-files', 'verify-files']);
    expect(copy).toMatchObject({ VERSION: 's3://models/digits-0123abcd/litert/7/', VERSION_DIRECTORY: '/models/digits/7', SERVER_DIRECTORY: '/opt/litert' });
    expect(copy.PROGRAM).toMatch(/^s3:\/\/cdk-.*\/[0-9a-f]{64}/);
    expect(copy.LIBRARY).toMatch(/^s3:\/\/cdk-.*\/[0-9a-f]{64}/);
    expect(copy.LIBRARY).not.toBe(copy.PROGRAM);
    expect(initOf(stack, 'copy-files').command[2]).toContain('--exclude layer.zip');
    // The AWS CLI writes a cache to $HOME, which is read-only elsewhere.
    expect(copy.HOME).toBe('/tmp');
    expect(initOf(stack, 'copy-files').volumeMounts.map(({ mountPath, readOnly }: any) => [mountPath, readOnly])).toEqual(
      [['/opt/litert', undefined], [expect.stringMatching(/^\/models/), undefined], ['/tmp', undefined]]);
    expect(verify.CHECKSUMS_SHA256).toBe('c'.repeat(64));
    expect(verify.PROGRAM_SHA256).toBe(programDigest('x86_64'));
    expect(serverOf(stack).args).toContain(`--litert_library_sha256=${verify.LIBRARY_SHA256}`);
  });

  test('may read this model, the program and the library, and nothing else', () => {
    const stack = stackWith();
    const copy = envOf(initOf(stack, 'copy-files'));
    const policy = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).find(([id]) => id.startsWith('DigitsAccess'));
    const statements: any[] = policy![1].Properties.PolicyDocument.Statement;
    const resources = statements.flatMap(({ Resource }) => Resource).map((resource: any) => JSON.stringify(resource));

    expect(statements.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(['s3:GetObject', 's3:ListBucket']));
    for (const file of [copy.PROGRAM, copy.LIBRARY]) {
      expect(resources.filter((resource) => resource.includes(file.split('/').pop()!))).toHaveLength(1);
    }
    expect(resources.filter((resource) => resource.includes('*'))).toEqual([expect.stringContaining('digits-0123abcd/litert/*')]);
  });

  test('drain by themselves, for as long as clients need and a request may take', () => {
    const stack = stackWith({ drainTime: Duration.seconds(20), requestTimeout: Duration.seconds(7) });

    expect(serverOf(stack)).not.toHaveProperty('lifecycle');
    expect(podOf(stack)).not.toHaveProperty('shareProcessNamespace');
    expect(serverOf(stack).args).toEqual(expect.arrayContaining(['--drain_delay_in_seconds=20', '--drain_timeout_in_seconds=7']));
    expect(podOf(stack).terminationGracePeriodSeconds).toBe(32);
  });

  test('are ready when the model answers, and alive when the server does', () => {
    const { startupProbe, readinessProbe, livenessProbe } = serverOf(stackWith({ startupTimeout: Duration.seconds(30) }));

    expect(startupProbe).toMatchObject({ httpGet: { path: '/v1/models/digits/metadata', port: 'http' }, periodSeconds: 1, failureThreshold: 30 });
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/v1/models/digits/metadata', port: 'http' } });
    expect(livenessProbe).toMatchObject({ httpGet: { path: '/livez', port: 'http' } });
  });

  test('announce their metrics', () => {
    expect(objectOf(stackWith(), 'Deployment').spec.template.metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true', 'prometheus.io/port': '8501', 'prometheus.io/path': '/monitoring/prometheus/metrics',
    });
  });

  test.each<[string, Partial<ModelServiceProps>, (pod: any) => unknown, unknown]>([
    ['baseImage', { baseImage: 'registry.example/base:1' }, (pod) => [pod.containers[0].image, pod.initContainers[1].image],
      ['registry.example/base:1', 'registry.example/base:1']],
    ['copyImage', { copyImage: 'registry.example/aws:1' }, (pod) => pod.initContainers[0].image, 'registry.example/aws:1'],
    ['cpuLimit', { cpuLimit: 2.5 }, (pod) => [pod.containers[0].args.filter((flag: string) => flag.startsWith('--workers')), pod.containers[0].resources],
      [['--workers=3'], { requests: { cpu: '1000m', memory: '640Mi' }, limits: { cpu: '2500m' } }]],
    ['threadsPerRequest', { cpuLimit: 4, threadsPerRequest: 2 }, (pod) => pod.containers[0].args.filter((flag: string) => /workers|threads/.test(flag)),
      ['--workers=2', '--threads_per_request=2']],
    ['cpuRequest', { cpuRequest: 0.25 }, (pod) => pod.containers[0].args.filter((flag: string) => flag.startsWith('--workers')), ['--workers=1']],
    ['memoryLimit', { memoryLimit: Size.mebibytes(48) }, (pod) => pod.containers[0].resources.limits, { memory: '48Mi' }],
    ['serverFlags', { serverFlags: { workers: 4, queue_size: 8 } }, (pod) => pod.containers[0].args.filter((flag: string) => /workers|queue/.test(flag)).sort(),
      ['--queue_size=8', '--workers=4']],
    ['ports', { grpcPort: 9000, restPort: 9001 }, (pod) => [pod.containers[0].args.slice(0, 2), pod.containers[0].ports.map((port: any) => port.containerPort)],
      [['--port=9000', '--rest_api_port=9001'], [9000, 9001]]],
    ['environment', { environment: { RUST_BACKTRACE: '1' } }, (pod) => pod.containers[0].env, [{ name: 'RUST_BACKTRACE', value: '1' }]],
    ['cpuFeatures', { cpuFeatures: ['avx2'] }, (pod) => pod.initContainers[1].env.find(({ name }: any) => name === 'CPU_FEATURES').value, 'avx2'],
    ['nodeSelector', { nodeSelector: { pool: 'models' } }, (pod) => pod.nodeSelector, { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'pool': 'models' }],
    ['extraVolumes', { extraVolumes: [{ name: 'spool', emptyDir: {} }] }, (pod) => pod.volumes.map(({ name }: any) => name), ['model', 'server', 'tmp', 'spool']],
  ])('%s', (_, props, pick, expected) => {
    expect(pick(podOf(stackWith(props)))).toEqual(expected);
  });

  test('mount the model on request, and copy only the server', () => {
    const stack = stackWith({ modelStorage: ModelStorage.MOUNTPOINT });
    const copy = initOf(stack, 'copy-files');

    expect(copy.command[2]).not.toContain('recursive');
    expect(copy.volumeMounts.map(({ name }: any) => name)).toEqual(['server', 'tmp']);
    expect(podOf(stack).volumes[0].persistentVolumeClaim.readOnly).toBe(true);
    expect(objectsOf(stack).find(({ kind }) => kind === 'PersistentVolume').spec.mountOptions).toContain('prefix digits-0123abcd/litert/');
  });

  test('on Graviton go to its nodes, with its program', () => {
    const stack = stackWith({ architecture: lambda.Architecture.ARM_64 });

    expect(podOf(stack).nodeSelector).toEqual({ 'kubernetes.io/arch': 'arm64', 'kubernetes.io/os': 'linux' });
    expect(envOf(initOf(stack, 'verify-files')).PROGRAM_SHA256).toBe(programDigest('arm64'));
    expect(offerOf(stack).architecture).toBe('arm64');
  });
});

describe('the model of a service with the LiteRT server', () => {
  test('is requested as LiteRT, with memory for a copy on each processor', () => {
    expect(offerOf(stackWith({ cpuLimit: 3, memoryRequest: Size.mebibytes(96) }))).toEqual({
      endpoint: 'service', format: 'litert', architecture: 'x86_64', memoryMebibytes: 96, cpuFeatures: [], copies: 3,
    });
  });

  test.each<[string, Partial<ModelServiceProps>, number]>([
    ['as many copies as serverFlags says', { serverFlags: { workers: 4 }, cpuLimit: 2 }, 4],
    ['as many copies as serverFlags says in a text', { serverFlags: { workers: '2' } }, 2],
    ['a copy on each processor, if serverFlags tells it only to the deployment', { serverFlags: { workers: Lazy.string({ produce: () => '8' }) }, cpuLimit: 3 }, 3],
  ])('is requested with memory for %s', (_, props, copies) => {
    expect(offerOf(stackWith(props)).copies).toBe(copies);
  });

  test('is optimized as for Lambda', () => {
    const stack = emptyStack();
    modelService(stack, {
      model: ModelSource.fromAsset(DIGITS), server: ModelServer.LITERT, recipe: OptimizationRecipe.of(Quantization.dynamicRange()),
    });

    const job = JSON.stringify(Template.fromStack(stack).findResources('Custom::TensorFlowModelBuild'));
    expect(job).toContain('litert');
    expect(envOf(podOf(stack).initContainers[0]).VERSION).toMatch(/\/litert\/7\/$/);
  });

  test('may be a .tflite file, which TensorFlow Serving does not serve', () => {
    const model = ModelSource.fromAsset(fileWith('model.tflite', LITERT));

    expect(offerOf(stackWith({ model })).format).toBe('litert');
    expect(() => stackWith({ model, server: ModelServer.TENSORFLOW_SERVING })).toThrow(/cannot be served by TensorFlow Serving.*ModelServer\.LITERT/);
  });

  test('is written for another tool next to its versions', () => {
    expect(JSON.stringify(Template.fromStack(stackWith({ applyManifests: false })).toJSON())).toContain('digits-0123abcd/manifests/');
  });
});

describe('properties that do not fit the server', () => {
  const problems = (props: Partial<ModelServiceProps>) => {
    try {
      stackWith(props);
    } catch (error) {
      return String(error);
    }
    return '';
  };

  test.each<[string, Partial<ModelServiceProps>, RegExp]>([
    ['an image of TensorFlow Serving', { servingImage: ServingImage.fromRegistry('example/serving:1') }, /servingImage is TensorFlow Serving's, .* baseImage/],
    ['batching', { batching: true }, /batching is an option of TensorFlow Serving that ModelServer\.LITERT lacks/],
    ['a base image that moves', { baseImage: 'amazonlinux:latest' }, /baseImage must have a tag that is not latest, or a digest/],
    ['a base image without a tag', { baseImage: 'amazonlinux' }, /baseImage must have a tag/],
    ['bfloat16', { cpuFeatures: ['bf16'] }, /cpuFeatures must not have bf16 with ModelServer\.LITERT/],
    ['nodes of another processor', { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }, /nodeSelector must keep kubernetes\.io\/arch amd64: use architecture/],
    ['less memory than the server has', { memoryLimit: Size.mebibytes(8) }, /memoryLimit in MiB must be between 24/],
    ['a container with the server\'s name', { extraContainers: [{ name: 'model-server', image: 'a:1' }] }, /must not name one "model-server"/],
    ['a volume with the server\'s name', { extraVolumes: [{ name: 'server', emptyDir: {} }] }, /must not name one "server"/],
  ])('%s', (_, props, message) => {
    expect(problems(props)).toMatch(message);
  });

  test('all at once', () => {
    const message = problems({ batching: true, modelWarmup: false, servingImage: ServingImage.fromRegistry('example/serving:1'), serverFlags: { enable_profiler: true } });

    for (const name of ['batching', 'modelWarmup', 'servingImage', 'enable_profiler']) {
      expect(message).toContain(name);
    }
  });

  test('of the LiteRT server have no effect on TensorFlow Serving', () => {
    const message = problems({ server: ModelServer.TENSORFLOW_SERVING, baseImage: 'base:1', architecture: lambda.Architecture.ARM_64, serverFlags: { queue_size: 1 } });

    expect(message).toContain('baseImage has no effect on TensorFlow Serving');
    expect(message).toContain('architecture must be x86_64 for TensorFlow Serving, of which no build for other processors exists, got arm64');
    expect(message).toContain('"queue_size"] is no flag of tensorflow_model_server');
  });

  test('nodes of x86_64 with a processor of Graviton', () => {
    expect(problems({ architecture: lambda.Architecture.ARM_64, nodeSelector: { 'kubernetes.io/arch': 'amd64' } }))
      .toContain('nodeSelector must keep kubernetes.io/arch arm64: use architecture');
  });

  test('a processor for which this copy of the library has no program', () => {
    withoutProgram('arm64', () => {
      expect(problems({ architecture: lambda.Architecture.ARM_64 })).toMatch(/no LiteRT server for arm64.*npm run native -- build --processor arm64/);
    });
  });
});
