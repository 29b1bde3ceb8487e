import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelFleetProps, ModelFunctionProps, ModelServiceProps, RuntimeLayerOptions } from '../../lib';
import {
  EvaluationData, ModelFleet, ModelFunction, ModelHook, ModelService, ModelSource, OptimizationRecipe,
  PythonBundling, QualityGate, RuntimeLayer, ServingBinary, ServingImage,
} from '../../lib';
import { checkDays, checkKinds } from '../../lib/private/kinds';

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
  [{ model: MODEL, instanceType: 'm8g.large' }, 'instanceType must be an InstanceType, got "m8g.large": give new ec2.InstanceType("m8g.large")'],
])('%j from a program without types is reported', (props, problem) => {
  expect(checkKinds(props, ['model'])).toEqual([problem]);
});

test('durations in days are checked under any name, and may be left out', () => {
  expect(checkDays({ 'retention.age': 30, 'retention': undefined })).toEqual(['retention.age must be a Duration, got 30: give Duration.days(30)']);
  expect(checkDays({ retention: undefined }, ['retention'])).toEqual(['retention must be a Duration, got nothing: give Duration.days(…)']);
  expect(checkDays({ retention: Duration.hours(36) }, ['retention'])).toEqual([]);
});

test('values of the right kind have no problem', () => {
  const stack = new Stack();
  expect(checkKinds({
    model: MODEL, evaluation: EvaluationData.fromAsset('data.npz'), recipe: OptimizationRecipe.none(), gate: QualityGate.maxAccuracyLoss(0.1),
    hook: ModelHook.fromAsset('.'), bundling: PythonBundling.docker(), servingImage: ServingImage.fromRegistry('serving:1'),
    servingBinary: ServingBinary.fromAsset('server'), architecture: lambda.Architecture.custom('x86_64'), instanceType: new ec2.InstanceType('m7i.large'),
    pythonRuntime: new lambda.Runtime('python3.14'), vpc: new ec2.Vpc(stack, 'Vpc'), artifactBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'mine'),
    cluster: eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'ml' }),
    memorySize: Size.gibibytes(1), timeout: Duration.seconds(1), maxLatency: undefined,
  }, ['model'])).toEqual([]);
});

test.each([
  ['Duration', 30, 12], ['Size', 1024, 5], ['Architecture', 'arm64', 1], ['PythonBundling', 'docker', 1], ['Runtime', 'python3.13', 1], ['InstanceType', 'm8g.large', 1],
  ['ModelSource', 'model', 1], ['EvaluationData', 'data.npz', 1], ['OptimizationRecipe', 'none', 1], ['QualityGate', 0.01, 1], ['ModelHook', 'hook', 1],
  ['ServingImage', 'serving:1', 1], ['ServingBinary', 'server', 1], ['IVpc', 'vpc-1', 1], ['ICluster', 'ml', 1],
])('every property that takes a %s is checked', (kind, given, atLeast) => {
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((path) => /(props|options)\.ts$/.test(path)).map((path) => readFileSync(join('lib', path), 'utf8'));
  const names = new Set(sources.flatMap((source) => [...source.matchAll(new RegExp(`readonly (\\w+)\\??: (?:\\w+\\.)?${kind};`, 'g'))].map(([, name]) => name)));

  expect(names.size).toBeGreaterThanOrEqual(atLeast);
  // A Duration of captured requests, but a struct of published versions: checkDays() checks it.
  names.delete('retention');
  for (const name of names) {
    expect(checkKinds({ [name]: given })).toEqual([expect.stringMatching(new RegExp(`^${name} must be (an? )?${kind}, got ${JSON.stringify(given)}: give `))]);
  }
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
