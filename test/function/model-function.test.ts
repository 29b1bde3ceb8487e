import type { App, Stack } from 'aws-cdk-lib';
import { Duration, Lazy, Size, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelFunctionProps } from '../../lib';
import { LiteRtRuntime, ModelFunction, ModelOptimizer, ModelSource, RuntimeLayer } from '../../lib';
import { emptyStack, FLAG_SETS, modelFunction, publishedModel, resourceOf, tfliteFile } from './fixtures';

const FUNCTION = 'AWS::Lambda::Function';
const FIT = 'Custom::TensorFlowModelFit';

function functionProperties(props: Partial<ModelFunctionProps>) {
  const stack = emptyStack();
  modelFunction(stack, props);
  return resourceOf(stack, FUNCTION, 'Digits').properties;
}

/** What the function offers its model, tokens left out. */
function offerOf(stack: Stack): any {
  const { Offer: offer } = resourceOf(stack, FIT).properties;
  const text = typeof offer === 'string' ? offer : offer['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/"/g, '\''))).join('');
  return JSON.parse(text);
}

describe.each(FLAG_SETS)('ModelFunction %s', (_, flags) => {
  test('serves the model with two layers: the runtime that fits it, and the model of exactly the published object version', () => {
    const stack = emptyStack(flags);

    modelFunction(stack);

    const fit = resourceOf(stack, FIT).id;
    const modelLayer = resourceOf(stack, 'AWS::Lambda::LayerVersion', 'Digits');
    expect(modelLayer.properties.Content).toEqual({
      S3Bucket: 'models',
      S3Key: { 'Fn::GetAtt': [fit, 'LayerKey'] },
      S3ObjectVersion: { 'Fn::GetAtt': [fit, 'LayerObjectVersion'] },
    });
    expect(resourceOf(stack, FUNCTION, 'Digits').properties).toMatchObject({
      Runtime: 'python3.13',
      Architectures: ['x86_64'],
      MemorySize: 1769,
      Timeout: 30,
      Handler: 'index.handler',
      Environment: { Variables: { MODEL_NAME: 'digits', MODEL_RUNTIME: { 'Fn::GetAtt': [fit, 'Runtime'] }, OPENBLAS_NUM_THREADS: '1' } },
    });
    // A feature flag of the CDK sorts them. No file is in both, so their order is of no importance.
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Layers).toHaveLength(2);
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Layers)
      .toEqual(expect.arrayContaining([{ 'Fn::GetAtt': [fit, 'RuntimeLayerArn'] }, { Ref: modelLayer.id }]));
  });

  test('a changed model layer or runtime layer publishes a new version: its description names both layer versions', () => {
    const stack = emptyStack(flags);

    modelFunction(stack);

    const fit = resourceOf(stack, FIT).id;
    const number = (arn: unknown) => ({ 'Fn::Select': [7, { 'Fn::Split': [':', arn] }] });
    const description = resourceOf(stack, 'AWS::Lambda::Version').properties.Description['Fn::Join'][1];
    expect(description).toEqual(expect.arrayContaining([
      { 'Fn::GetAtt': [fit, 'Version'] },
      number({ Ref: resourceOf(stack, 'AWS::Lambda::LayerVersion', 'Digits').id }),
      number({ 'Fn::GetAtt': [fit, 'RuntimeLayerArn'] }),
    ]));
  });

  test('published versions and layer versions outlive what replaces them', () => {
    const stack = emptyStack(flags);

    modelFunction(stack);

    const kept = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
    const template = Template.fromStack(stack);
    template.allResources('AWS::Lambda::Version', kept);
    template.allResources('AWS::Lambda::LayerVersion', kept);
  });

  test('callers use the alias live of the published version', () => {
    const stack = emptyStack(flags);

    const { alias } = modelFunction(stack);

    expect(alias.aliasName).toBe('live');
    expect(resourceOf(stack, 'AWS::Lambda::Alias').properties).toMatchObject({
      Name: 'live',
      FunctionVersion: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Lambda::Version').id, 'Version'] },
    });
  });

  test('a construct elsewhere in the app changes neither the version\'s logical id nor any other', () => {
    const plain = emptyStack(flags);
    modelFunction(plain);
    const crowded = emptyStack(flags);
    // Tokens are numbered in the order in which they are made.
    Array.from({ length: 40 }, (__, index) => Lazy.string({ produce: () => `${index}` }));
    new logs.LogGroup(crowded, 'Unrelated');
    modelFunction(crowded);

    const ids = (stack: Stack) => Object.keys(Template.fromStack(stack).toJSON().Resources).filter((id) => !id.startsWith('Unrelated'));
    expect(ids(crowded).sort()).toEqual(ids(plain).sort());
  });

  test('changed settings of the function publish a new version', () => {
    const before = emptyStack(flags);
    modelFunction(before);
    const after = emptyStack(flags);
    modelFunction(after, { memorySize: Size.mebibytes(3008) });

    expect(resourceOf(after, 'AWS::Lambda::Version').id).not.toEqual(resourceOf(before, 'AWS::Lambda::Version').id);
  });

  test('construct ids do not move', () => {
    const stack = emptyStack(flags);

    modelFunction(stack).addFunctionUrl();

    const ids = Object.keys(Template.fromStack(stack).toJSON().Resources).filter((id) => id.startsWith('Digits') || id.startsWith('RuntimeLayer'));
    expect(ids.map((id) => id.replace(/[0-9A-F]{8}$/, '').replace(/[0-9A-F]{8}[0-9a-f]{32}$/, '')).sort()).toEqual([
      'Digits', 'DigitsAlias', 'DigitsAliasFunctionUrl', 'DigitsFit', 'DigitsFunctionCurrentVersion', 'DigitsLogGroup', 'DigitsModelLayer', 'DigitsRole',
      'DigitsRoleDefaultPolicy', 'DigitsVersionCheck', 'DigitsVersionCheckPolicy', 'RuntimeLayernanox8664python313Layer', 'RuntimeLayernumpyx8664python313Layer',
    ].map((name) => (name === 'Digits' ? 'DigitsFunction' : name)).sort());
  });

  test('the AwsSolutions pack has no finding, with a VPC and a URL too', () => {
    const stack = emptyStack(flags);
    modelFunction(stack, { vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] }) })
      .addFunctionUrl();

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});

describe('role', () => {
  test('can write to the function\'s own log group and nothing more', () => {
    const stack = emptyStack();

    modelFunction(stack);

    const role = resourceOf(stack, 'AWS::IAM::Role', 'Digits');
    expect(role.properties.ManagedPolicyArns).toBeUndefined();
    expect(role.properties.Policies).toBeUndefined();
    expect(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsRole').properties.PolicyDocument.Statement).toEqual([{
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Effect: 'Allow',
      Resource: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Logs::LogGroup', 'Digits').id, 'Arn'] },
    }]);
  });

  test('can also join the VPC where there is one, and still reads nothing', () => {
    const stack = emptyStack();

    modelFunction(stack, { vpc: new ec2.Vpc(stack, 'Vpc') });

    const statements = resourceOf(stack, 'AWS::IAM::Policy', 'DigitsRole').properties.PolicyDocument.Statement;
    expect(statements.map((statement: any) => statement.Action)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      [
        'ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets', 'ec2:UnassignPrivateIpAddresses',
      ],
    ]);
    expect(resourceOf(stack, 'AWS::IAM::Role', 'Digits').properties.ManagedPolicyArns).toBeUndefined();
  });

  test('of the user gets the same added, and no other role is made', () => {
    const stack = emptyStack();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });

    modelFunction(stack, { role });

    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Role')).filter((id) => id.startsWith('Digits'))).toEqual([]);
    expect(resourceOf(stack, 'AWS::IAM::Policy', 'Mine').properties.PolicyDocument.Statement).toHaveLength(1);
  });

  test('the function waits for its role\'s policy', () => {
    const stack = emptyStack();

    modelFunction(stack);

    expect(resourceOf(stack, FUNCTION, 'Digits').resource.DependsOn).toContain(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsRole').id);
  });
});

describe('properties', () => {
  test.each<[string, Partial<ModelFunctionProps>, Record<string, unknown>]>([
    ['memorySize', { memorySize: Size.gibibytes(3) }, { MemorySize: 3072 }],
    ['timeout', { timeout: Duration.minutes(1) }, { Timeout: 60 }],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, { Architectures: ['arm64'] }],
    ['pythonRuntime', { pythonRuntime: lambda.Runtime.PYTHON_3_12 }, { Runtime: 'python3.12' }],
    ['description', { description: 'mine' }, { Description: 'mine' }],
    ['reservedConcurrentExecutions', { reservedConcurrentExecutions: 7 }, { ReservedConcurrentExecutions: 7 }],
    ['environment', { environment: { TZ: 'UTC' } }, { Environment: { Variables: { TZ: 'UTC', MODEL_NAME: 'digits' } } }],
    ['environment over a default', { environment: { OPENBLAS_NUM_THREADS: '2' } }, { Environment: { Variables: { OPENBLAS_NUM_THREADS: '2' } } }],
    ['modelName', { modelName: 'numbers' }, { Environment: { Variables: { MODEL_NAME: 'numbers' } } }],
  ])('%s reaches the function', (_, props, expected) => {
    expect(functionProperties(props)).toMatchObject(expected);
  });

  test('memory, timeout, architecture and both runtime layers are offered to the model', () => {
    const stack = emptyStack();

    modelFunction(stack, { memorySize: Size.mebibytes(512), timeout: Duration.seconds(5), architecture: lambda.Architecture.ARM_64 });

    const layer = (kind: string) => `{'Ref':'${resourceOf(stack, 'AWS::Lambda::LayerVersion', `RuntimeLayer${kind}arm64`).id}'}`;
    expect(offerOf(stack)).toEqual({
      endpoint: 'function',
      format: 'litert',
      architecture: 'arm64',
      memoryMebibytes: 512,
      timeoutSeconds: 5,
      nanoLayerArn: layer('nano'),
      numpyLayerArn: layer('numpy'),
    });
  });

  test.each([
    [LiteRtRuntime.NANO, 'nanoLayerArn', 'numpyLayerArn'],
    [LiteRtRuntime.NUMPY, 'numpyLayerArn', 'nanoLayerArn'],
  ])('liteRtRuntime %s is the only runtime that is offered and made', (liteRtRuntime, offered, other) => {
    const stack = emptyStack();

    modelFunction(stack, { liteRtRuntime });

    expect(offerOf(stack)).toMatchObject({ runtime: liteRtRuntime, [offered]: expect.anything() });
    expect(offerOf(stack)).not.toHaveProperty(other);
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion')).filter((id) => id.startsWith('RuntimeLayer'))).toHaveLength(1);
  });

  test('a function that is forced to nano sets nothing for NumPy', () => {
    expect(functionProperties({ liteRtRuntime: LiteRtRuntime.NANO }).Environment.Variables).not.toHaveProperty('OPENBLAS_NUM_THREADS');
  });

  test('environmentEncryption encrypts the environment', () => {
    const stack = emptyStack();
    const key = new kms.Key(stack, 'Key');

    modelFunction(stack, { environmentEncryption: key });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.KmsKeyArn).toEqual(stack.resolve(key.keyArn));
  });

  test('layers are further ones, beside runtime and model', () => {
    const layer = 'arn:aws:lambda:eu-west-1:123456789012:layer:extension:3';
    const stack = emptyStack();

    modelFunction(stack, { layers: [lambda.LayerVersion.fromLayerVersionArn(stack, 'Extension', layer)] });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Layers).toEqual([expect.anything(), expect.anything(), layer]);
  });

  test('vpc, vpcSubnets, allowPublicSubnet and securityGroups are the function\'s, and not the optimization\'s', () => {
    const stack = emptyStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const securityGroup = new ec2.SecurityGroup(stack, 'Group', { vpc });

    modelFunction(stack, {
      model: ModelSource.fromAsset(tfliteFile()), vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      allowPublicSubnet: true,
      securityGroups: [securityGroup],
    });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.VpcConfig).toEqual({
      SecurityGroupIds: [stack.resolve(securityGroup.securityGroupId)],
      SubnetIds: vpc.publicSubnets.map((subnet) => stack.resolve(subnet.subnetId)),
    });
    Template.fromStack(stack).hasResourceProperties('AWS::CodeBuild::Project', { VpcConfig: Match.absent() });
  });

  test('buildVpc is the optimization\'s, and not the function\'s', () => {
    const stack = emptyStack();

    modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()), buildVpc: new ec2.Vpc(stack, 'Vpc') });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.VpcConfig).toBeUndefined();
    Template.fromStack(stack).hasResourceProperties('AWS::CodeBuild::Project', { VpcConfig: Match.objectLike({}) });
  });

  test('the log group is kept and forgets after three months', () => {
    const stack = emptyStack();

    modelFunction(stack);

    const group = resourceOf(stack, 'AWS::Logs::LogGroup', 'Digits');
    expect(group.properties).toEqual({ RetentionInDays: 90 });
    expect(group.resource.DeletionPolicy).toBe('Retain');
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.LoggingConfig).toEqual({ LogGroup: { Ref: group.id } });
  });

  test('logRetention changes that', () => {
    const stack = emptyStack();

    modelFunction(stack, { logRetention: logs.RetentionDays.ONE_WEEK });

    expect(resourceOf(stack, 'AWS::Logs::LogGroup', 'Digits').properties).toEqual({ RetentionInDays: 7 });
  });

  test('logGroup replaces the log group', () => {
    const stack = emptyStack();
    const logGroup = new logs.LogGroup(stack, 'Mine');

    const endpoint = modelFunction(stack, { logGroup });

    expect(endpoint.logGroup).toBe(logGroup);
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.LoggingConfig).toEqual({ LogGroup: stack.resolve(logGroup.logGroupName) });
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::Logs::LogGroup')).filter((id) => id.startsWith('Digits'))).toEqual([]);
  });

  test('tokens pass', () => {
    const stack = emptyStack();
    const number = (value: number) => Lazy.number({ produce: () => value });

    modelFunction(stack, {
      memorySize: Size.mebibytes(number(4096)),
      timeout: Duration.seconds(number(12)),
      reservedConcurrentExecutions: number(3),
      modelName: Lazy.string({ produce: () => 'late' }),
      environment: { TZ: Token.asString({ Ref: 'AWS::Region' }) },
    });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties).toMatchObject({ MemorySize: 4096, Timeout: 12, ReservedConcurrentExecutions: 3 });
    expect(offerOf(stack)).toMatchObject({ memoryMebibytes: 4096, timeoutSeconds: 12 });
  });
});

describe('model', () => {
  test('is optimized by an optimizer of the function\'s own, which has its name and architecture', () => {
    const stack = emptyStack();

    const endpoint = modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()), architecture: lambda.Architecture.ARM_64, seed: 4 }, 'My_Digits 2');

    expect(endpoint.modelName).toBe('my-digits-2');
    expect(endpoint.optimizer).toBeInstanceOf(ModelOptimizer);
    expect(endpoint.artifact).toBe(endpoint.optimizer);
    const job = JSON.stringify(resourceOf(stack, 'Custom::TensorFlowModelBuild').properties.Job);
    expect(job).toMatch(/\\"model\\":\\"my-digits-2\\"/);
    expect(job).toMatch(/\\"architecture\\":\\"arm64\\"/);
    expect(job).toMatch(/\\"seed\\":4/);
  });

  test('that is published already gets no optimizer, and the function\'s own name', () => {
    const stack = emptyStack();
    const artifact = publishedModel(stack);

    const endpoint = modelFunction(stack, { model: ModelSource.fromArtifact(artifact) });

    expect(endpoint.artifact).toBe(artifact);
    expect(endpoint.optimizer).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::CodeBuild::Project', 0);
    expect(resourceOf(stack, FIT).properties).toMatchObject({ Bucket: 'models', ManifestKey: 'digits-0123abcd/litert/7/manifest.json' });
  });

  test('a further function adds no runtime layer', () => {
    const stack = emptyStack();

    modelFunction(stack);
    modelFunction(stack, {}, 'Other');

    const layers = Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'));
    expect(layers.filter((id) => id.startsWith('RuntimeLayer'))).toHaveLength(2);
    expect(layers).toHaveLength(4);
  });
});

describe('function URL', () => {
  test('is of the alias, and asks for IAM authentication', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    const url = endpoint.addFunctionUrl();

    expect(endpoint.functionUrl).toBe(url);
    expect(resourceOf(stack, 'AWS::Lambda::Url').properties).toMatchObject({ AuthType: 'AWS_IAM', Qualifier: 'live' });
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 0);
  });

  test('is there only when asked for', () => {
    const stack = emptyStack();

    const endpoint = modelFunction(stack);

    expect(endpoint.functionUrl).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Url', 0);
  });

  test('is public only when told so', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.AuthType).toBe('NONE');
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Permission', { Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' });
  });

  test('takes cross-origin settings', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ cors: { allowedOrigins: ['https://example.com'] } });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.Cors).toMatchObject({ AllowOrigins: ['https://example.com'] });
  });

  test('fails when it is asked to stream, because Python functions do not', () => {
    const endpoint = modelFunction(emptyStack());

    expect(() => endpoint.addFunctionUrl({ invokeMode: lambda.InvokeMode.RESPONSE_STREAM })).toThrow(/invokeMode RESPONSE_STREAM has no effect/);
  });

  test('fails when there is one', () => {
    const endpoint = modelFunction(emptyStack());
    endpoint.addFunctionUrl();

    expect(() => endpoint.addFunctionUrl()).toThrow(/has a URL already/);
  });
});

describe('grants', () => {
  test('grantInvoke allows the alias and nothing else', () => {
    const stack = emptyStack();
    const user = new iam.User(stack, 'Caller');

    const endpoint = modelFunction(stack);
    endpoint.grantInvoke(user);

    expect(resourceOf(stack, 'AWS::IAM::Policy', 'Caller').properties.PolicyDocument.Statement).toEqual([
      { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: stack.resolve(endpoint.alias.functionArn) },
    ]);
  });

  test('grantInvokeUrl allows calls through the URL only', () => {
    const stack = emptyStack();
    const user = new iam.User(stack, 'Caller');
    const endpoint = modelFunction(stack);
    endpoint.addFunctionUrl();

    endpoint.grantInvokeUrl(user);

    const statements = resourceOf(stack, 'AWS::IAM::Policy', 'Caller').properties.PolicyDocument.Statement;
    expect(statements.map(({ Action, Condition }: any) => [Action, Condition])).toEqual([
      ['lambda:InvokeFunctionUrl', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }],
      ['lambda:InvokeFunction', { Bool: { 'lambda:InvokedViaFunctionUrl': true } }],
    ]);
    expect(statements.every(({ Resource }: any) => JSON.stringify(Resource) === JSON.stringify(stack.resolve(endpoint.alias.functionArn)))).toBe(true);
  });

  test('grantInvokeUrl fails without a URL', () => {
    const stack = emptyStack();

    expect(() => modelFunction(stack).grantInvokeUrl(new iam.User(stack, 'Caller'))).toThrow(/no URL .*addFunctionUrl\(\) first/);
  });
});

describe('metrics', () => {
  test('are those of the alias', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    for (const [metric, name, statistic] of [
      [endpoint.metricInvocations(), 'Invocations', 'Sum'],
      [endpoint.metricErrors(), 'Errors', 'Sum'],
      [endpoint.metricLatency(), 'Duration', 'p99'],
    ] as const) {
      expect(metric).toMatchObject({ namespace: 'AWS/Lambda', metricName: name, statistic });
      expect(stack.resolve(metric.dimensions)).toEqual({
        FunctionName: { Ref: resourceOf(stack, FUNCTION, 'Digits').id },
        Resource: { 'Fn::Join': ['', [{ Ref: resourceOf(stack, FUNCTION, 'Digits').id }, ':live']] },
      });
    }
    Template.fromStack(stack).resourceCountIs('AWS::Logs::MetricFilter', 0);
  });

  test('metricModelLoadTime is made of the line that the handler logs, once', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    const metric = endpoint.metricModelLoadTime();
    const other = endpoint.metricModelLoadTime({ statistic: 'max' });

    const filter = resourceOf(stack, 'AWS::Logs::MetricFilter').properties;
    expect(filter).toMatchObject({
      LogGroupName: { Ref: resourceOf(stack, 'AWS::Logs::LogGroup', 'Digits').id },
      FilterPattern: '{ $.event = "modelLoaded" }',
      MetricTransformations: [{ MetricName: metric.metricName, MetricNamespace: stack.resolve(metric.namespace), MetricValue: '$.loadMilliseconds' }],
    });
    expect(other.statistic).toBe('Maximum');
  });

  test('options change them', () => {
    expect(modelFunction(emptyStack()).metricLatency({ statistic: 'p50', period: Duration.minutes(1) })).toMatchObject({
      statistic: 'p50', period: Duration.minutes(1),
    });
  });
});

describe('fails', () => {
  test.each<[string, Partial<ModelFunctionProps>, RegExp]>([
    ['too little memory', { memorySize: Size.mebibytes(127) }, /memorySize in MiB must be between 128 and 10240, got 127/],
    ['too much memory', { memorySize: Size.mebibytes(10241) }, /got 10241/],
    ['memory between two steps', { memorySize: Size.kibibytes(200_000) }, /memorySize in MiB must be a whole number .* got 195\.3125/],
    ['no time', { timeout: Duration.seconds(0) }, /timeout in seconds must be between 1 and 900, got 0/],
    ['too much time', { timeout: Duration.seconds(901) }, /got 901/],
    ['part of a second', { timeout: Duration.millis(1500) }, /timeout in seconds must be a whole number .* got 1\.5/],
    ['negative concurrency', { reservedConcurrentExecutions: -1 }, /reservedConcurrentExecutions must be a whole number of at least 0, got -1/],
    ['an older Python', { pythonRuntime: lambda.Runtime.PYTHON_3_11 }, /pythonRuntime must be python3\.12 or newer, got "python3\.11"/],
    ['another language', { pythonRuntime: lambda.Runtime.NODEJS_20_X }, /pythonRuntime must be a Python runtime, got "nodejs20\.x"/],
    ['a model name of other characters', { modelName: 'My Digits' }, /modelName must be .* got "My Digits"/],
    ['MODEL_RUNTIME in the environment', { environment: { MODEL_RUNTIME: 'nano' } }, /environment must not set MODEL_RUNTIME: .*use liteRtRuntime/],
    ['MODEL_NAME in the environment', { environment: { MODEL_NAME: 'x' } }, /environment must not set MODEL_NAME: use modelName/],
    ['a variable that Lambda refuses', { environment: { '1X': 'x' } }, /environment variable must be at least two letters.* got "1X"/],
    ['subnets without a VPC', { vpcSubnets: {} }, /vpcSubnets has no effect without vpc/],
    ['allowPublicSubnet without a VPC', { allowPublicSubnet: true }, /allowPublicSubnet has no effect without vpc/],
    ['security groups without a VPC', { securityGroups: [] }, /securityGroups has no effect without vpc/],
  ])('with %s', (_, props, message) => {
    expect(() => modelFunction(emptyStack(), props)).toThrow(message);
  });

  test('with more layers than Lambda allows', () => {
    const stack = emptyStack();
    const layers = Array.from({ length: 4 }, (_, index) =>
      lambda.LayerVersion.fromLayerVersionArn(stack, `Layer${index}`, `arn:aws:lambda:eu-west-1:123456789012:layer:x:${index}`));

    expect(() => modelFunction(stack, { layers })).toThrow(/layers must hold at most 3, got 4: Lambda allows 5/);
    expect(() => modelFunction(stack, { layers: layers.slice(1) }, 'Fits')).not.toThrow();
  });

  test('with a log group and a retention', () => {
    const stack = emptyStack();

    expect(() => modelFunction(stack, { logGroup: new logs.LogGroup(stack, 'Mine'), logRetention: logs.RetentionDays.ONE_DAY }))
      .toThrow(/logGroup and logRetention exclude each other/);
  });

  test('naming every problem at once', () => {
    expect(() => modelFunction(emptyStack(), { memorySize: Size.mebibytes(1), timeout: Duration.hours(1), modelName: 'A', vpcSubnets: {} }))
      .toThrow(/4 problems:\n.*modelName.*\n.*memorySize.*\n.*timeout.*\n.*vpcSubnets/);
  });

  test('with options of an optimization that does not take place', () => {
    expect(() => modelFunction(emptyStack(), { seed: 1 })).toThrow(/seed has no effect on a model that is published already/);
  });

  test.each([128, 10240])('not with %d MiB', (mebibytes) => {
    expect(functionProperties({ memorySize: Size.mebibytes(mebibytes) }).MemorySize).toBe(mebibytes);
  });

  test.each([1, 900])('not with a timeout of %d s', (seconds) => {
    expect(functionProperties({ timeout: Duration.seconds(seconds) }).Timeout).toBe(seconds);
  });
});

describe('RuntimeLayer', () => {
  test('is one for each stack, kind, architecture and Python version', () => {
    const stack = emptyStack();
    const arm = { architecture: lambda.Architecture.ARM_64 };
    const older = { pythonRuntime: lambda.Runtime.PYTHON_3_12 };

    const layers = [RuntimeLayer.nano(stack), RuntimeLayer.numpy(stack), RuntimeLayer.nano(stack, arm), RuntimeLayer.nano(stack, older)];

    expect(new Set(layers).size).toBe(4);
    expect(RuntimeLayer.nano(stack, { architecture: lambda.Architecture.X86_64 })).toBe(layers[0]);
    expect(RuntimeLayer.nano(new ModelFunction(stack, 'F', { model: ModelSource.fromArtifact(publishedModel(stack)) }))).toBe(layers[0]);
    expect(RuntimeLayer.nano(emptyStack())).not.toBe(layers[0]);
  });

  test('says what it holds', () => {
    const stack = emptyStack();

    const layer = RuntimeLayer.numpy(stack, { architecture: lambda.Architecture.ARM_64 });

    expect(resourceOf(stack, 'AWS::Lambda::LayerVersion').properties).toMatchObject({
      Description: `LiteRT ${layer.liteRtVersion} (numpy) for arm64, python3.13`,
      CompatibleArchitectures: ['arm64'],
      CompatibleRuntimes: ['python3.13'],
    });
  });

  test('fails with a Python that LiteRT does not run on', () => {
    expect(() => RuntimeLayer.nano(emptyStack(), { pythonRuntime: lambda.Runtime.PYTHON_3_11 })).toThrow(/pythonRuntime must be python3\.12 or newer/);
  });
});
