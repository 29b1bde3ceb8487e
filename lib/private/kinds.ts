/** What a property takes, recognized by one of its members: another copy of the CDK has classes of its own. */
interface Kind {
  readonly member: string;
  readonly description: string;
  readonly example: (given: string) => string;
}

const amount = (given: string) => (/^\d+(\.\d+)?$/.test(given) ? given : '…');
const SIZE: Kind = { member: 'toMebibytes', description: 'a Size', example: (given) => `Size.mebibytes(${amount(given)})` };
const DURATION: Kind = { member: 'toSeconds', description: 'a Duration', example: (given) => `Duration.seconds(${amount(given)})` };
const DAYS: Kind = { ...DURATION, example: (given) => `Duration.days(${amount(given)})` };
const VPC: Kind = { member: 'vpcId', description: 'an IVpc', example: () => "ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-…' })" };
const path = (given: string) => (given.startsWith('"') ? given : '"…"');

const processor = (given: string) => (/arm|aarch/i.test(given) ? 'ARM_64' : 'X86_64');

const KINDS: Record<string, Kind> = {
  model: { member: '_kind', description: 'a ModelSource', example: (given) => `ModelSource.fromAsset(${path(given)})` },
  evaluation: { member: '_bind', description: 'EvaluationData', example: (given) => `EvaluationData.fromAsset(${path(given)})` },
  recipe: { member: '_cpuFeatures', description: 'an OptimizationRecipe', example: () => 'OptimizationRecipe.forLiteRt()' },
  gate: { member: '_render', description: 'a QualityGate', example: () => 'QualityGate.maxAccuracyLoss(0.01)' },
  hook: { member: '_directory', description: 'a ModelHook', example: (given) => `ModelHook.fromAsset(${path(given)})` },
  capture: { member: '_options', description: 'a RequestCapture', example: () => 'RequestCapture.sampled({ rate: 0.01, retention: Duration.days(30) })' },
  rollout: { member: '_canary', description: 'a Rollout', example: () => 'Rollout.canary({ percent: 10, bake: Duration.minutes(5) })' },
  bundling: { member: '_place', description: 'a PythonBundling', example: () => 'PythonBundling.AUTO' },
  servingImage: { member: '_locate', description: 'a ServingImage', example: (given) => `ServingImage.fromRegistry(${path(given)})` },
  servingBinary: { member: '_requirements', description: 'a ServingBinary', example: (given) => `ServingBinary.fromAsset(${path(given)})` },
  architecture: { member: 'dockerPlatform', description: 'an Architecture', example: (given) => `lambda.Architecture.${processor(given)}` },
  pythonRuntime: { member: 'supportsInlineCode', description: 'a Runtime', example: () => 'lambda.Runtime.PYTHON_3_13' },
  instanceType: { member: 'isBurstable', description: 'an InstanceType', example: (given) => `new ec2.InstanceType(${path(given)})` },
  vpc: VPC,
  buildVpc: VPC,
  cluster: { member: 'clusterName', description: 'an ICluster', example: () => "eks.Cluster.fromClusterAttributes(this, 'Cluster', { … })" },
  signingKey: { member: 'keyArn', description: 'an IKey', example: (given) => `kms.Key.fromKeyArn(this, 'SigningKey', ${path(given)})` },
  artifactBucket: { member: 'bucketName', description: 'an IBucket', example: (given) => `s3.Bucket.fromBucketName(this, 'Bucket', ${path(given)})` },
  captureBucket: { member: 'bucketName', description: 'an IBucket', example: (given) => `s3.Bucket.fromBucketName(this, 'Bucket', ${path(given)})` },
  ...Object.fromEntries(['memorySize', 'ephemeralStorageSize', 'memoryRequest', 'memoryLimit', 'volumeSize'].map((name) => [name, SIZE])),
  ...Object.fromEntries([
    'timeout', 'optimizationTimeout', 'maxLatency', 'startupTimeout', 'rolloutTimeout', 'minReadyTime', 'drainTime', 'requestTimeout',
    'batchTimeout', 'bootTimeout', 'connectionDraining', 'instanceWarmup', 'fileSystemPollInterval', 'pollInterval', 'period', 'bake', 'interval',
  ].map((name) => [name, DURATION])),
};

/**
 * Returns the properties with a value of another kind, which only a compiler refuses: JavaScript would end in a TypeError far from the cause.
 *
 * @param props of a construct
 * @param required properties that must be there
 */
export function checkKinds(props: object, required: string[] = []): string[] {
  return problemsOf(props as Record<string, unknown>, Object.entries(KINDS), required);
}

/**
 * The same for durations in days, under names that mean something else elsewhere.
 *
 * @param given durations by the name of their property
 * @param required properties that must be there
 */
export function checkDays(given: Record<string, unknown>, required: string[] = []): string[] {
  return problemsOf(given, Object.keys(given).map((name) => [name, DAYS]), required);
}

function problemsOf(given: Record<string, unknown>, kinds: [string, Kind][], required: string[]): string[] {
  return kinds.flatMap(([name, { member, description, example }]) => {
    const value = given[name];
    if (value === undefined ? !required.includes(name) : typeof value === 'object' && value !== null && member in value) {
      return [];
    }
    const shown = typeof value === 'object' && value !== null ? 'another object' : JSON.stringify(value) ?? (value === undefined ? 'nothing' : `a ${typeof value}`);
    return [`${name} must be ${description}, got ${shown}: give ${example(shown)}`];
  });
}
