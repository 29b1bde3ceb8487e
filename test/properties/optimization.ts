import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ArtifactRetention, OptimizationOptions } from '../../lib';
import {
  Distillation, EvaluationData, ImageInput, LayerQuantization, ModelSource, ModelTask, OptimizationRecipe, Pruning, QualityGate, Quantization,
  RefusalBehavior, ResizeMethod, SearchObjective, Student, StudentSize, UnsignedVersions,
} from '../../lib';
import type { Arbitraries } from './arbitraries';
import { durations, flag, listOfTexts, memberOf, numbers, oneOf, texts } from './arbitraries';

const DIGITS = 'examples/digits/saved_model';
const IMAGE = 'examples/digits/evaluation.npz';

export const models = oneOf<ModelSource>(
  () => ModelSource.fromAsset(DIGITS),
  (scope) => ModelSource.fromBucket(s3.Bucket.fromBucketName(scope, 'Sources', 'sources'), 'digits/'),
);
export const vpcs = oneOf((scope) => new ec2.Vpc(scope, 'AnyVpc', { maxAzs: 2 }));
export const subnets = oneOf<ec2.SubnetSelection>(
  () => ({}), () => ({ subnetType: ec2.SubnetType.PUBLIC }), () => ({ subnetType: ec2.SubnetType.PRIVATE_ISOLATED }), () => ({ subnetGroupName: 'none' }),
);
export const securityGroups = oneOf<ec2.ISecurityGroup[]>(() => [], (scope) => [ec2.SecurityGroup.fromSecurityGroupId(scope, 'AnyGroup', 'sg-0123456789abcdef0')]);
export const keys = oneOf<kms.IKey>((scope) => new kms.Key(scope, 'AnyKey'));
export const roles = oneOf<iam.IRole>(
  (scope) => iam.Role.fromRoleArn(scope, 'AnyRole', 'arn:aws:iam::123456789012:role/any'),
  (scope) => new iam.Role(scope, 'OwnRole', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
);

export const optimization: Arbitraries<OptimizationOptions> = {
  recipe: oneOf<OptimizationRecipe>(
    () => OptimizationRecipe.none(), () => OptimizationRecipe.forLiteRt(), () => OptimizationRecipe.forServing(),
    () => OptimizationRecipe.search({ objective: SearchObjective.SIZE }),
    () => OptimizationRecipe.of(Quantization.mixed({ allSupported: LayerQuantization.DYNAMIC_WI8_AFP32 })),
    () => OptimizationRecipe.of(Quantization.fullInteger()), () => OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 }), Quantization.float16()),
    () => OptimizationRecipe.of(Distillation.into(Student.ofSize(StudentSize.SMALL))),
  ),
  evaluation: oneOf<EvaluationData>(() => EvaluationData.fromAsset(IMAGE)),
  gate: oneOf<QualityGate>(
    () => QualityGate.strict(), () => QualityGate.maxAccuracyLoss(0), () => QualityGate.maxErrorIncrease(0.1),
    () => QualityGate.minAgreement(1), () => QualityGate.maxLatencyRatio(1),
  ),
  onRefusal: memberOf(RefusalBehavior),
  attempt: numbers,
  imageInput: oneOf<ImageInput>(
    () => ImageInput.zeroTo255(), () => ImageInput.torch({ input: 'image' }), () => ImageInput.linear({ scale: [0] }),
    () => ImageInput.zeroToOne({ resize: ResizeMethod.NEAREST, antialias: true }),
  ),
  tasks: oneOf<{ [output: string]: ModelTask }>(() => ({}), () => ({ '': ModelTask.REGRESSION }), () => ({ probabilities: ModelTask.MULTICLASS })),
  labels: listOfTexts,
  labelsFile: texts,
  seed: numbers,
  warmup: flag,
  warmupRecords: numbers,
  artifactBucket: oneOf<s3.IBucket>((scope) => new s3.Bucket(scope, 'AnyBucket'), (scope) => s3.Bucket.fromBucketName(scope, 'NamedBucket', 'artifacts')),
  artifactPrefix: texts,
  artifactRemovalPolicy: memberOf(RemovalPolicy),
  retention: oneOf<ArtifactRetention>(() => ({}), () => ({ versions: 1 }), () => ({ versions: 2, age: Duration.hours(1) }), () => ({ age: Duration.days(7) })),
  encryptionKey: keys,
  signingKey: oneOf<kms.IKey>(
    (scope) => new kms.Key(scope, 'SymmetricKey'), (scope) => kms.Alias.fromAliasName(scope, 'SigningAlias', 'alias/models'),
    (scope) => new kms.Key(scope, 'SigningKey', { keySpec: kms.KeySpec.ECC_NIST_P256, keyUsage: kms.KeyUsage.SIGN_VERIFY }),
    (scope) => kms.Key.fromKeyArn(scope, 'NamedSigningKey', 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  ),
  unsignedVersions: memberOf(UnsignedVersions),
  computeType: memberOf(codebuild.ComputeType),
  buildImage: oneOf<codebuild.IBuildImage>(
    () => codebuild.LinuxBuildImage.STANDARD_7_0, () => codebuild.LinuxArmBuildImage.AMAZON_LINUX_2_STANDARD_3_0,
    () => codebuild.WindowsBuildImage.WIN_SERVER_CORE_2022_BASE_3_0,
  ),
  buildVpc: vpcs,
  buildVpcSubnets: subnets,
  buildSecurityGroups: securityGroups,
  packageIndexUrl: texts,
  buildEnvironment: oneOf<{ [name: string]: codebuild.BuildEnvironmentVariable }>(() => ({}), () => ({ 'a b': { value: 1 } }), () => ({ HTTPS_PROXY: { value: 'x' } })),
  buildRole: roles,
  optimizationTimeout: durations,
};

