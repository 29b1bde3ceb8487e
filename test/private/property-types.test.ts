import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelFleetProps, ModelFunctionProps, ModelServiceProps, ReplayOptions, RequestCapture, RuntimeLayerOptions } from '../../lib';
import {
  EvaluationData, ModelFleet, ModelFunction, ModelHook, ModelService, ModelSource, OptimizationRecipe,
  PythonBundling, QualityGate, RuntimeLayer, ServingBinary, ServingImage,
} from '../../lib';
import { FLEET_TYPES } from '../../lib/fleet/fleet-checks';
import { FUNCTION_TYPES } from '../../lib/function/function-checks';
import { SERVICE_TYPES } from '../../lib/kubernetes/service-checks';
import { OPTIMIZER_TYPES } from '../../lib/optimization/optimization-checks';
import type { PropertyTypes } from '../../lib/private/property-types';
import { checkTypes, DAYS, DURATION } from '../../lib/private/property-types';

const TYPES = { ...FLEET_TYPES, ...SERVICE_TYPES, ...FUNCTION_TYPES, ...OPTIMIZER_TYPES };
const MODEL = ModelSource.fromAsset('examples/digits/saved_model');

test.each<[object, string]>([
  [{ model: 'path/to/model' }, 'model must be a ModelSource, got "path/to/model": give ModelSource.fromAsset("path/to/model")'],
  [{ model: null }, 'model must be a ModelSource, got null: give ModelSource.fromAsset("…")'],
  [{ model: {} }, 'model must be a ModelSource, got another object: give ModelSource.fromAsset("…")'],
  [{}, 'model must be a ModelSource, got nothing: give ModelSource.fromAsset("…")'],
  [{ model: MODEL, memorySize: 1024 }, 'memorySize must be a Size, got 1024: give Size.mebibytes(1024)'],
  [{ model: MODEL, timeout: 30 }, 'timeout must be a Duration, got 30: give Duration.seconds(30)'],
  [{ model: MODEL, timeout: '30 s' }, 'timeout must be a Duration, got "30 s": give Duration.seconds(…)'],
  [{ model: MODEL, evaluation: 'data.npz' }, 'evaluation must be EvaluationData, got "data.npz": give EvaluationData.fromAsset("data.npz")'],
  [{ model: MODEL, hook: './hook' }, 'hook must be a ModelHook, got "./hook": give ModelHook.fromAsset("./hook")'],
  [{ model: MODEL, bundling: 'docker' }, 'bundling must be a PythonBundling, got "docker": give PythonBundling.AUTO'],
  [{ model: MODEL, servingImage: 'serving:1' }, 'servingImage must be a ServingImage, got "serving:1": give ServingImage.fromRegistry("serving:1")'],
  [{ model: MODEL, servingBinary: './server' }, 'servingBinary must be a ServingBinary, got "./server": give ServingBinary.fromAsset("./server")'],
  [{ model: MODEL, architecture: 'arm64' }, 'architecture must be an Architecture, got "arm64": give lambda.Architecture.ARM_64'],
  [{ model: MODEL, architecture: 'amd64' }, 'architecture must be an Architecture, got "amd64": give lambda.Architecture.X86_64'],
  [{ model: MODEL, pythonRuntime: 'python3.13' }, 'pythonRuntime must be a Runtime, got "python3.13": give lambda.Runtime.PYTHON_3_13'],
  [{ model: MODEL, vpc: 'vpc-1' }, "vpc must be an IVpc, got \"vpc-1\": give ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-…' })"],
  [{ model: MODEL, cluster: 'ml' }, "cluster must be an ICluster, got \"ml\": give eks.Cluster.fromClusterAttributes(this, 'Cluster', { … })"],
  [{ model: MODEL, artifactBucket: 'mine' }, "artifactBucket must be an IBucket, got \"mine\": give s3.Bucket.fromBucketName(this, 'Bucket', \"mine\")"],
  [{ model: MODEL, recipe: OptimizationRecipe.forLiteRt }, 'recipe must be an OptimizationRecipe, got a function: give OptimizationRecipe.forLiteRt()'],
  [{ model: EvaluationData.fromAsset('data.npz') }, 'model must be a ModelSource, got another object: give ModelSource.fromAsset("…")'],
  [{ model: MODEL, role: 'mine' }, "role must be an IRole, got \"mine\": give iam.Role.fromRoleArn(this, 'Role', \"mine\")"],
  [{ model: MODEL, encryptionKey: 7 }, "encryptionKey must be an IKey, got 7: give kms.Key.fromKeyArn(this, 'Key', \"…\")"],
  [{ model: MODEL, logGroup: '/logs' }, "logGroup must be an ILogGroup, got \"/logs\": give logs.LogGroup.fromLogGroupName(this, 'Logs', \"/logs\")"],
  [{ model: MODEL, machineImage: 'ami-1' }, 'machineImage must be an IMachineImage, got "ami-1": give ec2.MachineImage.latestAmazonLinux2023()'],
  [{ model: MODEL, buildImage: 'standard:7.0' }, 'buildImage must be an IBuildImage, got "standard:7.0": give codebuild.LinuxBuildImage.STANDARD_7_0'],
  [{ model: MODEL, certificate: 'arn' }, "certificate must be an ICertificateRef, got \"arn\": give acm.Certificate.fromCertificateArn(this, 'Certificate', \"arn\")"],
  [{ model: MODEL, serverRepository: 'r' }, "serverRepository must be an IRepository, got \"r\": give ecr.Repository.fromRepositoryName(this, 'Repository', \"r\")"],
  [{ model: MODEL, instanceType: 'm8g.large' }, 'instanceType must be an InstanceType, got "m8g.large": give new ec2.InstanceType("m8g.large")'],
])('%j from a program without types is reported', (props, problem) => {
  expect(checkTypes<object>(props, TYPES, ['model' as never])).toEqual([problem]);
});

test('durations in days have an example in days, and may be left out', () => {
  const options: { readonly age?: Duration } = { age: 30 as unknown as Duration };

  expect(checkTypes(options, { age: DAYS })).toEqual(['age must be a Duration, got 30: give Duration.days(30)']);
  expect(checkTypes<typeof options>({}, { age: DAYS }, ['age'])).toEqual(['age must be a Duration, got nothing: give Duration.days(…)']);
  expect(checkTypes<typeof options>({}, { age: DAYS })).toEqual([]);
  expect(checkTypes<typeof options>({ age: Duration.hours(36) }, { age: DAYS }, ['age'])).toEqual([]);
});

test('values of the right kind have no problem', () => {
  const stack = new Stack();
  expect(checkTypes<object>({
    model: MODEL, evaluation: EvaluationData.fromAsset('data.npz'), recipe: OptimizationRecipe.none(), gate: QualityGate.maxAccuracyLoss(0.1),
    hook: ModelHook.fromAsset('.'), bundling: PythonBundling.docker(), servingImage: ServingImage.fromRegistry('serving:1'),
    servingBinary: ServingBinary.fromAsset('server'), architecture: lambda.Architecture.custom('x86_64'), instanceType: new ec2.InstanceType('m7i.large'),
    pythonRuntime: new lambda.Runtime('python3.14'), vpc: new ec2.Vpc(stack, 'Vpc'), artifactBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'mine'),
    encryptionKey: new kms.Key(stack, 'Key'), role: iam.Role.fromRoleName(stack, 'Role', 'mine'), logGroup: new logs.LogGroup(stack, 'Logs'),
    machineImage: ec2.MachineImage.latestAmazonLinux2023(), buildImage: codebuild.LinuxBuildImage.STANDARD_7_0,
    serverRepository: ecr.Repository.fromRepositoryName(stack, 'Repository', 'serving'),
    certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-west-1:111122223333:certificate/1'),
    cluster: eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'ml' }),
    memorySize: Size.gibibytes(1), timeout: Duration.seconds(1), maxLatency: undefined,
  }, TYPES, ['model' as never])).toEqual([]);
});

test('the compiler refuses a table without a property that takes an object, and one with a property of another type', () => {
  interface Props {
    readonly time: Duration;
    readonly capture?: RequestCapture;
    readonly replay?: ReplayOptions;
    readonly names?: string[];
    readonly labels?: { [name: string]: string };
  }
  const capture = FUNCTION_TYPES.capture;

  const complete: PropertyTypes<Props> = { time: DURATION, capture };
  // @ts-expect-error capture is missing
  const lacking: PropertyTypes<Props> = { time: DURATION };
  // @ts-expect-error replay is a struct
  const useless: PropertyTypes<Props> = { time: DURATION, capture, replay: DURATION };
  // @ts-expect-error time is no RequestCapture
  const wrong: PropertyTypes<Props> = { time: capture, capture };

  expect([complete, lacking, useless, wrong].map((types) => checkTypes<Props>({ time: Duration.days(1) }, types).length)).toEqual([0, 0, 0, 1]);
});

test('a construct reports all of them at once, before anything else', () => {
  const props = { model: 'model', memorySize: 1024 } as unknown as ModelFunctionProps;

  expect(() => new ModelFunction(new Stack(new App()), 'Digits', props)).toThrow(/^2 problems:\n {2}- model must be .*\n {2}- memorySize must be /);
});

test('a fleet without a VPC, and a service without a cluster, say so', () => {
  const props = { model: MODEL };

  expect(() => new ModelFleet(new Stack(new App()), 'Digits', props as unknown as ModelFleetProps)).toThrow(/^vpc must be an IVpc, got nothing: give ec2\.Vpc\.fromLookup/);
  expect(() => new ModelService(new Stack(new App()), 'Digits', props as unknown as ModelServiceProps)).toThrow(/^cluster must be an ICluster, got nothing: give eks/);
});

test('a runtime layer reports them too', () => {
  const options = { architecture: 'arm64' } as unknown as RuntimeLayerOptions;

  expect(() => RuntimeLayer.forNumpy(new Stack(new App()), options)).toThrow(/architecture must be an Architecture, got "arm64"/);
});

test('a search without options says what it needs', () => {
  const search = OptimizationRecipe.search as unknown as () => OptimizationRecipe;

  expect(() => new ModelFunction(new Stack(new App()), 'Digits', { model: MODEL, recipe: search() }))
    .toThrow(/OptimizationRecipe\.search\(…\) objective must be SearchObjective\.SIZE or SearchObjective\.LATENCY, got nothing/);
});
