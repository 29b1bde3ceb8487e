import type { Stack } from 'aws-cdk-lib';
import { Aws, Duration, Lazy, Size } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelOptimizerProps } from '../../lib';
import { ImageInput, ModelFormat, ModelTask, OptimizationRecipe, QualityGate } from '../../lib';
import { fileWith } from '../model/model-files';
import { evaluation, newStack, optimize, plain, idOf, build, jobOf, statementsOf, actionsOf, createdBefore } from './optimizer-fixtures';

describe('the build', () => {
  test('is requested with the whole job as one string, and nothing that CloudFormation could turn into another type', () => {
    const { template, optimizer } = plain;

    const { Properties } = build(template());

    expect(Object.keys(Properties).sort()).toEqual(['Bucket', 'Job', 'Mode', 'Model', 'Project', 'ServiceToken']);
    expect(Properties).toMatchObject({ Mode: 'build', Model: optimizer.keyPrefix, Bucket: { Ref: idOf(optimizer.bucket) } });
    expect(jobOf(template())).toMatchObject({ model: 'digits', recipe: { kind: 'forLiteRt' }, architecture: 'x86_64' });
  });

  test('waits for everything that it uses: project, role, policies, log, bucket and its policy, key, provider', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const { template, optimizer } = optimize({ encryptionKey }, stack);
    const types = Object.entries(template().toJSON().Resources as Record<string, any>);

    const waitsFor = createdBefore(template(), Object.keys(template().findResources('Custom::TensorFlowModelBuild'))[0]);

    expect([optimizer.project, optimizer.role as iam.Role, optimizer.bucket, optimizer.reportGroup, optimizer.logGroup, encryptionKey]
      .filter((construct) => !waitsFor.has(idOf(construct)))).toEqual([]);
    for (const type of ['AWS::IAM::Policy', 'AWS::S3::BucketPolicy', 'AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine']) {
      expect(types.filter(([id, resource]) => resource.Type === type && !waitsFor.has(id))).toEqual([]);
    }
  });

  test('waits for a policy that the user\'s bucket gets later, but not for its notifications', () => {
    const stack = newStack();
    const artifactBucket = new s3.Bucket(stack, 'Mine', { versioned: true, eventBridgeEnabled: true });
    const { template } = optimize({ artifactBucket }, stack);
    artifactBucket.addToResourcePolicy(new iam.PolicyStatement({
      effect: iam.Effect.DENY, principals: [new iam.AnyPrincipal()], actions: ['s3:DeleteObject'], resources: [artifactBucket.arnForObjects('*')],
    }));

    const waitsFor: string[] = build(template()).DependsOn;

    expect(waitsFor).toContain(Object.keys(template().findResources('AWS::S3::BucketPolicy'))[0]);
    expect(waitsFor.filter((id) => id.includes('Notifications'))).toEqual([]);
  });

  test('gets an equal job in every synthesis, however many tokens there are', () => {
    const first = jobOf(plain.template());
    const stack = newStack();
    for (let index = 0; index < 50; index++) {
      Lazy.string({ produce: () => 'x' });
    }

    expect(jobOf(optimize({}, stack).template())).toEqual(first);
  });

  test('exposes what it returns', () => {
    const { optimizer, stack, template } = plain;
    const id = Object.keys(template().findResources('Custom::TensorFlowModelBuild'))[0];

    for (const [member, attribute] of [
      ['version', 'Version'], ['manifestKey', 'ManifestKey'], ['manifestSha256', 'ManifestSha256'],
      ['reportKey', 'ReportKey'], ['buildUrl', 'BuildUrl'], ['summary', 'Summary'], ['isolation', 'Isolation'],
    ] as const) {
      expect(stack.resolve(optimizer[member])).toEqual({ 'Fn::GetAtt': [id, attribute] });
    }
  });
});

describe('each property', () => {
  const gate = QualityGate.maxSize(Size.mebibytes(1));

  test.each<[string, Partial<ModelOptimizerProps>, object]>([
    ['modelName', { modelName: 'mnist' }, { model: 'mnist' }],
    ['format', { format: ModelFormat.SAVED_MODEL }, { format: 'saved_model', recipe: { kind: 'forServing', steps: [] } }],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, { architecture: 'arm64' }],
    ['recipe', { recipe: OptimizationRecipe.none() }, { recipe: { kind: 'none', steps: [] } }],
    ['evaluation', { evaluation }, { evaluation: { packaging: 'file', fileName: 'held-out.npz' } }],
    ['gate', { gate }, { gate: { rules: [{ rule: 'maxSizeBytes', value: 1048576 }], strict: false } }],
    ['tasks', { evaluation, tasks: { y: ModelTask.MULTICLASS } }, { tasks: { y: 'multiclass' } }],
    ['imageInput', { imageInput: ImageInput.minusOneToOne() }, { image: { preprocessing: 'minusOneToOne', method: 'bilinear', antialias: false } }],
    ['labels', { labels: ['zero', 'one'] }, { labels: ['zero', 'one'] }],
    ['labelsFile', { labelsFile: fileWith('labels.txt', 'zéro\r\none two\r\n') }, { labels: ['zéro', 'one two'] }],
    ['seed', { seed: 3 }, { seed: 3 }],
  ])('%s changes the job', (_, props, job) => {
    expect(jobOf(optimize(props).template())).toMatchObject(job);
    expect(jobOf(plain.template())).not.toMatchObject(job);
  });

  test.each<[string, Partial<ModelOptimizerProps>, object]>([
    ['computeType', { computeType: codebuild.ComputeType.X2_LARGE }, { Environment: { ComputeType: 'BUILD_GENERAL1_2XLARGE' } }],
    ['buildImage', { buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 }, { Environment: { Image: 'aws/codebuild/standard:7.0' } }],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, {
      Environment: { Type: 'ARM_CONTAINER', Image: 'aws/codebuild/amazonlinux-aarch64-standard:4.0' },
    }],
    ['optimizationTimeout', { optimizationTimeout: Duration.minutes(20) }, { TimeoutInMinutes: 15, QueuedTimeoutInMinutes: 15 }],
    ['packageIndexUrl', { packageIndexUrl: 'https://mirror.example/simple' }, {
      Source: { BuildSpec: Match.objectLike({ 'Fn::Join': Match.arrayWith([Match.arrayWith([Match.stringLikeRegexp('mirror.example')])]) }) },
    }],
    ['buildEnvironment', { buildEnvironment: { HTTPS_PROXY: { value: 'http://proxy' } } }, {
      Environment: { EnvironmentVariables: Match.arrayWith([{ Name: 'HTTPS_PROXY', Type: 'PLAINTEXT', Value: 'http://proxy' }]) },
    }],
  ])('%s changes the project', (_, props, project) => {
    optimize(props).template().hasResourceProperties('AWS::CodeBuild::Project', project);
    expect(() => plain.template().hasResourceProperties('AWS::CodeBuild::Project', project)).toThrow();
  });

  test('by default a large machine with Python 3.13 may take 45 minutes, and its queue what 55 leave for the shortest build', () => {
    plain.template().hasResourceProperties('AWS::CodeBuild::Project', {
      Environment: { ComputeType: 'BUILD_GENERAL1_LARGE', Image: 'aws/codebuild/standard:8.0', Type: 'LINUX_CONTAINER', PrivilegedMode: false },
      TimeoutInMinutes: 45,
      QueuedTimeoutInMinutes: 50,
      LogsConfig: { CloudWatchLogs: { Status: 'ENABLED', GroupName: Match.anyValue() } },
      VpcConfig: Match.absent(),
    });
  });

  test('buildVpc, buildVpcSubnets and buildSecurityGroups put the build into a network', () => {
    const stack = newStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const securityGroups = [new ec2.SecurityGroup(stack, 'Group', { vpc })];

    const buildVpcSubnets = { subnets: [vpc.privateSubnets[0]] };
    const { template, optimizer } = optimize({ buildVpc: vpc, buildVpcSubnets, buildSecurityGroups: securityGroups }, stack);

    template().hasResourceProperties('AWS::CodeBuild::Project', {
      VpcConfig: { Subnets: [{ Ref: idOf(vpc.privateSubnets[0]) }], SecurityGroupIds: [{ 'Fn::GetAtt': [idOf(securityGroups[0]), 'GroupId'] }] },
    });
    expect(actionsOf(statementsOf(template(), idOf(optimizer.role as iam.Role)))).toContain('ec2:CreateNetworkInterface');
  });

  test('artifactBucket replaces the stack\'s own', () => {
    const stack = newStack();
    const artifactBucket = new s3.Bucket(stack, 'Mine', { versioned: true });

    const { template, optimizer } = optimize({ artifactBucket }, stack);

    template().resourceCountIs('AWS::S3::Bucket', 1);
    expect(optimizer.bucket).toBe(artifactBucket);
  });

  test.each<[string, (stack: Stack) => s3.IBucket, string]>([
    ['keeps no versions', (stack) => new s3.Bucket(stack, 'Mine'), 'artifactBucket must keep versions, because they hold what serves in place: create it with versioned: true'],
    ['is in another Region', (stack) => s3.Bucket.fromBucketAttributes(stack, 'Mine', { bucketName: 'models', region: 'us-east-1' }),
      'artifactBucket must be in the Region of its models, eu-west-1, got one in us-east-1: give each Region a bucket and an optimization of its own'],
  ])('artifactBucket is refused if it %s', (_, bucket, words) => {
    const stack = newStack();
    expect(() => optimize({ artifactBucket: bucket(stack) }, stack)).toThrow(words);
  });

  test.each<[string, (stack: Stack) => s3.IBucket]>([
    ['keeps versions because it locks objects', (stack) => new s3.Bucket(stack, 'Mine', { objectLockEnabled: true })],
    ['is imported, so that nobody knows', (stack) => s3.Bucket.fromBucketName(stack, 'Mine', 'models')],
    ['is in a Region that is known only when it is deployed', (stack) => s3.Bucket.fromBucketAttributes(stack, 'Mine', { bucketName: 'models', region: Aws.REGION })],
  ])('artifactBucket is accepted if it %s', (_, bucket) => {
    const stack = newStack();
    expect(() => optimize({ artifactBucket: bucket(stack) }, stack)).not.toThrow();
  });

  describe('encryptionKey together with an artifactBucket', () => {
    const bucketWith = (stack: Stack, encryptionKey?: kms.IKey) => s3.Bucket.fromBucketAttributes(stack, 'Mine', { bucketName: 'models', encryptionKey });

    test.each([
      ['another key', (stack: Stack) => bucketWith(stack, new kms.Key(stack, 'Other')), 'the bucket has another'],
      ['no key', (stack: Stack) => new s3.Bucket(stack, 'Mine', { versioned: true }), 'the bucket has none'],
      ['a key that is not known', (stack: Stack) => bucketWith(stack), 'import it with s3.Bucket.fromBucketAttributes and its encryptionKey'],
    ])('is refused if the bucket, which encrypts the published models, has %s', (_, bucket, words) => {
      const stack = newStack();
      expect(() => optimize({ artifactBucket: bucket(stack), encryptionKey: new kms.Key(stack, 'Key') }, stack)).toThrow(words);
    });

    test('is accepted if the bucket has this key, even by two imports of it', () => {
      const stack = newStack();
      const key = (id: string) => kms.Key.fromKeyArn(stack, id, 'arn:aws:kms:eu-west-1:111122223333:key/1');
      expect(() => optimize({ artifactBucket: bucketWith(stack, key('One')), encryptionKey: key('Two') }, stack)).not.toThrow();
    });
  });

  test('pointerParameterName publishes the pointer that ModelArtifact.fromParameter reads', () => {
    const { template } = optimize({ pointerParameterName: '/models/digits' });
    const id = Object.keys(template().findResources('Custom::TensorFlowModelBuild'))[0];

    template().hasResourceProperties('AWS::SSM::Parameter', {
      Name: '/models/digits',
      Value: { 'Fn::Join': ['', [
        '{"manifestKey":"', { 'Fn::GetAtt': [id, 'ManifestKey'] }, '","manifestSha256":"', { 'Fn::GetAtt': [id, 'ManifestSha256'] }, '"}',
      ]] },
    });
    plain.template().resourceCountIs('AWS::SSM::Parameter', 0);
  });
});
