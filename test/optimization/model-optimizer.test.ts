import type { CfnElement } from 'aws-cdk-lib';
import { App, Duration, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelOptimizerProps } from '../../lib';
import {
  EvaluationData, ModelFormat, ModelOptimizer, ModelSource, ModelTask, OptimizationRecipe, QualityGate, Quantization,
} from '../../lib';
import { directoryWith, fileWith, LITERT, savedModelFiles, ZIP } from '../model/model-files';

const model = ModelSource.fromAsset(directoryWith(savedModelFiles()));
const evaluation = EvaluationData.fromAsset(fileWith('held-out.npz', ZIP));

function newStack(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function optimize(props: Partial<ModelOptimizerProps> = {}, stack = newStack()) {
  const optimizer = new ModelOptimizer(stack, 'Digits', { model, ...props });
  let template: Template | undefined; // synthesized once, when a test first looks at it
  return { stack, optimizer, template: () => template ??= Template.fromStack(stack) };
}

/** What the properties under test are compared with. */
const plain = optimize();

function idOf(construct: { node: { defaultChild?: unknown } }): string {
  const element = construct.node.defaultChild as CfnElement;
  return Stack.of(element).resolve(element.logicalId);
}

function build(template: Template): any {
  return Object.values(template.findResources('Custom::TensorFlowModelBuild'))[0];
}

function jobOf(template: Template): any {
  const text = build(template).Properties.Job;
  return JSON.parse(typeof text === 'string' ? text : text['Fn::Join'][1].map((part: unknown) => typeof part === 'string' ? part : 'TOKEN').join(''));
}

/** All statements of a role, its own policies' included. */
function statementsOf(template: Template, roleId: string): any[] {
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .filter((policy: any) => JSON.stringify(policy.Properties.Roles).includes(`"${roleId}"`))
    .flatMap((policy: any) => policy.Properties.PolicyDocument.Statement);
}

const actionsOf = (statements: any[]): string[] => statements.flatMap(({ Action }) => Action);

describe.each([['without feature flags', {}], ['with the recommended feature flags', recommended]])('%s', (_, flags) => {
  test('cdk-nag finds nothing that is not removed or answered', () => {
    const stack = newStack(flags);
    optimize({ evaluation }, stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('cdk-nag finds nothing where account and Region are not known', () => {
    const stack = new Stack(new App({ context: flags }), 'Stack');
    optimize({ encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }) }, stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('the job\'s role has exactly what the path needs', () => {
    const { template, optimizer } = optimize({ evaluation }, newStack(flags));

    const statements = statementsOf(template(), idOf(optimizer.role as iam.Role));

    expect(new Set(actionsOf(statements))).toEqual(new Set([
      's3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:PutObject', 's3:AbortMultipartUpload',
      'logs:CreateLogStream', 'logs:PutLogEvents', 'codebuild:CreateReport', 'codebuild:UpdateReport', 'codebuild:BatchPutTestCases',
    ]));
    expect(JSON.stringify(statements)).not.toContain('"*"');
  });
});

describe('the job\'s role', () => {
  const { template, optimizer } = optimize({ evaluation });
  const statements = statementsOf(template(), idOf(optimizer.role as iam.Role));
  const ownPrefix = { 'Fn::Join': ['', [{ 'Fn::GetAtt': [idOf(optimizer.bucket), 'Arn'] }, `/${optimizer.keyPrefix}/*`]] };
  const writing = statements.filter(({ Action }) => [Action].flat().includes('s3:PutObject'));

  test('writes below its model\'s prefix only, and only what does not exist', () => {
    expect(writing.every(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(ownPrefix))).toBe(true);
    expect(writing.map(({ Effect, Condition }) => [Effect, Condition])).toEqual(expect.arrayContaining([
      ['Allow', { Null: { 's3:if-none-match': 'false' } }],
      ['Allow', { Bool: { 's3:ObjectCreationOperation': 'false' } }],
      ['Deny', { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } }],
    ]));
    expect(writing).toHaveLength(3);
  });

  test('deletes nothing, and changes no permission', () => {
    expect(actionsOf(statements).filter((action) => /Delete|Acl|Policy|\*/.test(action))).toEqual([]);
  });

  test('lists its model\'s prefix only', () => {
    expect(statements.filter(({ Action }) => Action === 's3:ListBucket').map(({ Condition }) => Condition)).toEqual([
      { StringLike: { 's3:prefix': `${optimizer.keyPrefix}/*` } },
    ]);
  });

  test('reads the model, the data and the optimizer\'s code, and nothing else of the assets', () => {
    const read = JSON.stringify(statements.filter(({ Action }) => [Action].flat().includes('s3:GetObject')));

    expect(read.match(/[0-9a-f]{64}\.(zip|npz)/g)).toHaveLength(3);
    expect(read).not.toMatch(/assets-[^"]*"\]\]\}?,? *"?\/\*/);
  });

  test('takes what the user grants later', () => {
    const later = optimize();
    const other = new s3.Bucket(later.stack, 'Other');

    other.grantRead(later.optimizer.project);

    expect(JSON.stringify(statementsOf(later.template(), idOf(later.optimizer.role as iam.Role)))).toContain(idOf(other));
  });

  test('may read the secrets that its environment names', () => {
    const secret = { type: codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER, value: 'index:url' };

    const { template: withSecret, optimizer: reader } = optimize({ buildEnvironment: { UV_DEFAULT_INDEX: secret } });

    expect(actionsOf(statementsOf(withSecret(), idOf(reader.role as iam.Role)))).toContain('secretsmanager:GetSecretValue');
  });

  test('uses a key only where there is one', () => {
    expect(actionsOf(statements).filter((action) => action.startsWith('kms:'))).toEqual([]);
    const stack = newStack();
    const encrypted = optimize({ encryptionKey: new kms.Key(stack, 'Key') }, stack);

    const ofKey = statementsOf(encrypted.template(), idOf(encrypted.optimizer.role as iam.Role)).filter(({ Action }) => JSON.stringify(Action).includes('kms:'));
    expect(ofKey.map(({ Action }) => Action)).toEqual([['kms:Decrypt', 'kms:GenerateDataKey']]);
  });
});

describe('a role of the user\'s', () => {
  test('gets what the optimization needs, and the build waits for it', () => {
    const stack = newStack();
    const buildRole = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });

    const { template, optimizer } = optimize({ buildRole }, stack);

    expect(optimizer.role).toBe(buildRole);
    expect(actionsOf(statementsOf(template(), idOf(buildRole)))).toEqual(expect.arrayContaining(['s3:PutObject', 'codebuild:CreateReport']));
    expect(build(template()).DependsOn).toContain(idOf(buildRole.node.findChild('DefaultPolicy') as iam.Policy));
  });

  test('may be imported', () => {
    const stack = newStack();
    const buildRole = iam.Role.fromRoleArn(stack, 'Mine', 'arn:aws:iam::111122223333:role/Mine');

    const { template } = optimize({ buildRole }, stack);

    const policies = template().findResources('AWS::IAM::Policy', { Properties: { Roles: ['Mine'] } });
    expect(build(template()).DependsOn).toEqual(expect.arrayContaining(Object.keys(policies)));
    expect(Object.keys(policies)).toHaveLength(1);
  });
});

describe('the build', () => {
  test('is asked for with the whole job as one text, and nothing that CloudFormation could turn into another type', () => {
    const { template, optimizer } = plain;

    const { Properties } = build(template());

    expect(Object.keys(Properties).sort()).toEqual(['Bucket', 'Job', 'Mode', 'Model', 'Project', 'ServiceToken']);
    expect(Properties).toMatchObject({ Mode: 'build', Model: optimizer.keyPrefix, Bucket: { Ref: idOf(optimizer.bucket) } });
    expect(jobOf(template())).toMatchObject({ model: 'digits', recipe: { kind: 'forLambda' }, architecture: 'x86_64' });
  });

  test('waits for everything that it touches: project, role, policies, log, bucket and its policy, key, provider', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const { template, optimizer } = optimize({ encryptionKey }, stack);
    const types = Object.entries(template().toJSON().Resources as Record<string, any>);

    const waitsFor = new Set<string>(build(template()).DependsOn);

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
      ['reportKey', 'ReportKey'], ['buildUrl', 'BuildUrl'], ['summary', 'Summary'],
    ] as const) {
      expect(stack.resolve(optimizer[member])).toEqual({ 'Fn::GetAtt': [id, attribute] });
    }
  });
});

describe('each property', () => {
  const gate = QualityGate.maxSize(Size.mebibytes(1));

  test.each<[string, Partial<ModelOptimizerProps>, object]>([
    ['modelName', { modelName: 'mnist' }, { model: 'mnist' }],
    ['modelFormat', { modelFormat: ModelFormat.SAVED_MODEL }, { format: 'saved_model', recipe: { kind: 'forServing', steps: [] } }],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, { architecture: 'arm64' }],
    ['recipe', { recipe: OptimizationRecipe.none() }, { recipe: { kind: 'none', steps: [] } }],
    ['evaluation', { evaluation }, { evaluation: { packaging: 'file', fileName: 'held-out.npz' } }],
    ['gate', { gate }, { gate: { rules: [{ rule: 'maxSizeBytes', value: 1048576 }], strict: false } }],
    ['tasks', { evaluation, tasks: { y: ModelTask.MULTICLASS } }, { tasks: { y: 'multiclass' } }],
    ['labels', { labels: ['zero', 'one'] }, { labels: ['zero', 'one'] }],
    ['labelsFile', { labelsFile: fileWith('labels.txt', 'zéro\r\none two\r\n') }, { labels: ['zéro', 'one two'] }],
    ['seed', { seed: 3 }, { seed: 3 }],
  ])('%s decides the job', (_, props, job) => {
    expect(jobOf(optimize(props).template())).toMatchObject(job);
    expect(jobOf(plain.template())).not.toMatchObject(job);
  });

  test.each<[string, Partial<ModelOptimizerProps>, object]>([
    ['computeType', { computeType: codebuild.ComputeType.X2_LARGE }, { Environment: { ComputeType: 'BUILD_GENERAL1_2XLARGE' } }],
    ['buildImage', { buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 }, { Environment: { Image: 'aws/codebuild/standard:7.0' } }],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, {
      Environment: { Type: 'ARM_CONTAINER', Image: 'aws/codebuild/amazonlinux-aarch64-standard:4.0' },
    }],
    ['optimizationTimeout', { optimizationTimeout: Duration.minutes(20) }, { TimeoutInMinutes: 15, QueuedTimeoutInMinutes: 5 }],
    ['packageIndexUrl', { packageIndexUrl: 'https://mirror.example/simple' }, {
      Source: { BuildSpec: Match.objectLike({ 'Fn::Join': Match.arrayWith([Match.arrayWith([Match.stringLikeRegexp('mirror.example')])]) }) },
    }],
    ['buildEnvironment', { buildEnvironment: { HTTPS_PROXY: { value: 'http://proxy' } } }, {
      Environment: { EnvironmentVariables: Match.arrayWith([{ Name: 'HTTPS_PROXY', Type: 'PLAINTEXT', Value: 'http://proxy' }]) },
    }],
  ])('%s decides the project', (_, props, project) => {
    optimize(props).template().hasResourceProperties('AWS::CodeBuild::Project', project);
    expect(() => plain.template().hasResourceProperties('AWS::CodeBuild::Project', project)).toThrow();
  });

  test('by default a large machine with Python 3.13 may take 55 minutes with its queue', () => {
    plain.template().hasResourceProperties('AWS::CodeBuild::Project', {
      Environment: { ComputeType: 'BUILD_GENERAL1_LARGE', Image: 'aws/codebuild/standard:8.0', Type: 'LINUX_CONTAINER', PrivilegedMode: false },
      TimeoutInMinutes: 45,
      QueuedTimeoutInMinutes: 10,
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

  test('artifactBucket takes the place of the stack\'s own', () => {
    const stack = newStack();
    const artifactBucket = new s3.Bucket(stack, 'Mine', { versioned: true });

    const { template, optimizer } = optimize({ artifactBucket }, stack);

    template().resourceCountIs('AWS::S3::Bucket', 1);
    expect(optimizer.bucket).toBe(artifactBucket);
  });

  test('pointerParameterName publishes what ModelArtifact.fromParameter reads', () => {
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

describe('refuses', () => {
  const refusal = (props: Partial<ModelOptimizerProps>) => () => optimize(props);

  test.each<[string, Partial<ModelOptimizerProps>, string]>([
    ['a .tflite model for TensorFlow Serving', {
      model: ModelSource.fromAsset(fileWith('m.tflite', LITERT)), modelFormat: ModelFormat.SAVED_MODEL,
    }, 'a .tflite model cannot be served by TensorFlow Serving'],
    ['a gate on accuracy without data', { gate: QualityGate.maxAccuracyLoss(0.01) }, 'give evaluation'],
    ['fullInteger without data', { recipe: OptimizationRecipe.of(Quantization.fullInteger()) }, 'give evaluation, or use Quantization.dynamicRange()'],
    ['a task without data', { tasks: { y: ModelTask.BINARY } }, 'tasks has no effect without real inputs'],
    ['a task of no output', { evaluation, tasks: {} }, 'tasks must name at least one output'],
    ['a task of an output without name', { evaluation, tasks: { '': ModelTask.BINARY } }, 'got ""'],
    ['no labels', { labels: [] }, 'labels must name'],
    ['a label twice', { labels: ['a', 'b', 'a'] }, 'got "a" twice'],
    ['labels and a file of them', { labels: ['a'], labelsFile: fileWith('labels.txt', 'a\nb\n') }, 'labels and labelsFile exclude each other: keep one of them'],
    ['a file of labels that is not there', { labelsFile: 'no/such.txt' }, 'labelsFile must be a text file with the name of a class on each line, and there is no'],
    ['a file of labels with an empty line', { labelsFile: fileWith('labels.txt', 'a\n\nb\n') }, 'labelsFile must have the name of a class on each line, and line 2 of'],
    ['a label twice in a file', { labelsFile: fileWith('labels.txt', 'a\nb\na') }, 'labelsFile must be different from each other, got "a" twice'],
    ['a seed that is none', { seed: -1 }, 'seed must be between 0'],
    ['a fraction as seed', { seed: 0.5 }, 'seed must be a whole number'],
    ['more time than a deployment waits', { optimizationTimeout: Duration.minutes(56) }, 'got 56: a deployment cannot wait longer; optimize and publish from the'],
    ['less time than CodeBuild takes', { optimizationTimeout: Duration.minutes(9) }, 'must be between 10 and 55, got 9'],
    ['parts of a minute', { optimizationTimeout: Duration.seconds(630) }, 'must be a whole number between 10 and 55, got 10.5'],
    ['an index that is no address', { packageIndexUrl: 'mirror' }, 'packageIndexUrl must be an http or https address'],
    ['a password in the index', { packageIndexUrl: 'https://me:secret@mirror.example' }, 'must not hold a user or password'],
    ['the index twice', { packageIndexUrl: 'https://m.example', buildEnvironment: { PIP_INDEX_URL: { value: 'x' } } }, 'exclude each other'],
    ['our own environment', { buildEnvironment: { BUILD_KEY: { value: 'x' } } }, 'must not set BUILD_KEY'],
    ['CodeBuild\'s environment', { buildEnvironment: { CODEBUILD_SRC_DIR: { value: 'x' } } }, 'must not set CODEBUILD_SRC_DIR'],
    ['subnets without a VPC', { buildVpcSubnets: {} }, 'buildVpcSubnets has no effect without buildVpc'],
    ['security groups without a VPC', { buildSecurityGroups: [] }, 'buildSecurityGroups has no effect without buildVpc'],
    ['Lambda compute', { buildImage: codebuild.LinuxLambdaBuildImage.AMAZON_LINUX_2023_PYTHON_3_13 }, 'neither room nor time'],
    ['an image of another processor than the one that serves', { architecture: lambda.Architecture.ARM_64, buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 },
      'buildImage is for x86_64 (LINUX_CONTAINER), and the model is optimized for and proved on arm64: give an image for arm64, e.g. codebuild.LinuxArmBuildImage'],
    ['an arm64 image for x86_64', { buildImage: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0 }, 'buildImage is for arm64 (ARM_CONTAINER)'],
    ['a name with capitals', { modelName: 'Digits' }, 'modelName must be'],
    ['a parameter that is an address', { pointerParameterName: 'arn:aws:ssm:…' }, 'pointerParameterName must be'],
    ['a broken model', { model: ModelSource.fromAsset(directoryWith()) }, 'the directory is empty'],
    ['broken data', { evaluation: EvaluationData.fromAsset('no/such.npz') }, 'does not exist'],
  ])('%s', (_, props, words) => {
    expect(refusal(props)).toThrow(words);
  });

  test('takes what it makes of model names and time at the limits', () => {
    expect(refusal({ optimizationTimeout: Duration.minutes(55) })).not.toThrow();
    expect(refusal({ optimizationTimeout: Duration.minutes(10) })).not.toThrow();
  });

  test('everything at once, in one error that names the construct', () => {
    expect(refusal({ modelName: 'X', seed: -1, gate: QualityGate.minAgreement(2), optimizationTimeout: Duration.hours(2) }))
      .toThrow(/^5 problems:\n {2}- modelName.*\n {2}- QualityGate\.minAgreement.*\n.*\n {2}- seed.*\n {2}- optimizationTimeout/);
  });
});

describe('several models of a stack', () => {
  test('share bucket and provider, and not each other\'s prefix', () => {
    const stack = newStack();
    const one = new ModelOptimizer(stack, 'One', { model });
    const two = new ModelOptimizer(stack, 'Two', { model, modelName: 'one' });
    const template = Template.fromStack(stack);

    expect(two.bucket).toBe(one.bucket);
    expect(two.keyPrefix).not.toBe(one.keyPrefix);
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 1);
    template.resourceCountIs('AWS::CodeBuild::Project', 2);
    expect(JSON.stringify(statementsOf(template, idOf(two.role as iam.Role)))).not.toContain(one.keyPrefix);
  });

  test('must share the key, or have buckets of their own', () => {
    const stack = newStack();
    optimize({}, stack);

    expect(() => new ModelOptimizer(stack, 'Other', { model, encryptionKey: new kms.Key(stack, 'Key') })).toThrow('or this one its own artifactBucket');
  });
});

test('the bucket is private, encrypted, versioned, for TLS only, and outlives the stack', () => {
  const { template } = plain;

  template().hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketName: Match.absent(),
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    },
  });
  template().hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: { Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })] },
  });
});

test('what only belongs to builds goes with the stack, so that a failed first deployment leaves nothing in the way', () => {
  const { template } = plain;
  const retained = Object.entries(template().toJSON().Resources as Record<string, any>)
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain').map(([, { Type }]) => Type);

  expect(retained).toEqual(['AWS::S3::Bucket']);
  template().hasResourceProperties('AWS::CodeBuild::ReportGroup', { DeleteReports: true, Type: 'TEST' });
});

test('an encryption key encrypts bucket and builds', () => {
  const stack = newStack();
  const encryptionKey = new kms.Key(stack, 'Key');
  const { template } = optimize({ encryptionKey }, stack);
  const arn = { 'Fn::GetAtt': [idOf(encryptionKey), 'Arn'] };

  template().hasResourceProperties('AWS::S3::Bucket', {
    BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arn } }] },
  });
  template().hasResourceProperties('AWS::CodeBuild::Project', { EncryptionKey: arn });
});

test('grantRead lets a principal read and list this model, and nothing else', () => {
  const { stack, optimizer, template } = optimize();
  const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });

  optimizer.grantRead(reader);

  const statements = statementsOf(template(), idOf(reader));
  expect(new Set(actionsOf(statements))).toEqual(new Set(['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket']));
  expect(statements[1].Condition).toEqual({ StringLike: { 's3:prefix': [`${optimizer.keyPrefix}/*`] } });
});

test('grantStartBuild lets a principal start builds of this project', () => {
  const { stack, optimizer, template } = optimize();
  const operator = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });

  optimizer.grantStartBuild(operator);

  expect(statementsOf(template(), idOf(operator))).toEqual([
    { Action: 'codebuild:StartBuild', Effect: 'Allow', Resource: { 'Fn::GetAtt': [idOf(optimizer.project), 'Arn'] } },
  ]);
});

test('metrics are the project\'s', () => {
  const { stack, optimizer } = plain;
  const dimensions = { ProjectName: stack.resolve(optimizer.project.projectName) };

  expect(stack.resolve(optimizer.metricBuildDuration().toMetricConfig().metricStat)).toMatchObject({
    namespace: 'AWS/CodeBuild', metricName: 'Duration', statistic: 'Average', dimensions: [{ name: 'ProjectName', value: dimensions.ProjectName }],
  });
  expect(optimizer.metricFailedBuilds({ period: Duration.hours(1) }).toMetricConfig().metricStat).toMatchObject({
    metricName: 'FailedBuilds', statistic: 'Sum', period: Duration.hours(1),
  });
});

test('the pointer of an app may be read in another one', () => {
  const { optimizer } = optimize({ pointerParameterName: '/models/digits' });

  expect(optimizer.pointerParameter).toBeInstanceOf(ssm.StringParameter);
});
