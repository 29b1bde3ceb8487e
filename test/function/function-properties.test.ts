import type { Stack } from 'aws-cdk-lib';
import { Duration, Lazy, Size, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFunctionProps } from '../../lib';
import { LiteRtRuntime, ModelSource } from '../../lib';
import { hasNativeProgram } from '../../lib/function/native-runtime-layer';
import { emptyStack, functionProperties, modelFunction, resourceOf, tfliteFile } from './fixtures';

jest.mock('../../lib/function/native-runtime-layer', () => {
  const actual = jest.requireActual('../../lib/function/native-runtime-layer');
  return { ...actual, hasNativeProgram: jest.fn(actual.hasNativeProgram) };
});

const FUNCTION = 'AWS::Lambda::Function';
const FIT = 'Custom::TensorFlowModelCompatibility';

/** The function's offer to its model, without tokens. */
function offerOf(stack: Stack): any {
  const { Offer: offer } = resourceOf(stack, FIT).properties;
  const text = typeof offer === 'string' ? offer : offer['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/"/g, '\''))).join('');
  return JSON.parse(text);
}

describe('properties', () => {
  test.each<[string, Partial<ModelFunctionProps>, Record<string, unknown>]>([
    ['memorySize', { memorySize: Size.gibibytes(3) }, { MemorySize: 3072 }],
    ['timeout', { timeout: Duration.minutes(1) }, { Timeout: 60 }],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, { Architectures: ['arm64'] }],
    ['pythonRuntime', { pythonRuntime: lambda.Runtime.PYTHON_3_12, liteRtRuntime: LiteRtRuntime.NUMPY }, { Runtime: 'python3.12' }],
    ['description', { description: 'mine' }, { Description: 'mine' }],
    ['reservedConcurrentExecutions', { reservedConcurrentExecutions: 7 }, { ReservedConcurrentExecutions: 7 }],
    ['environment', { environment: { TZ: 'UTC' } }, { Environment: { Variables: { TZ: 'UTC', MODEL_NAME: 'digits' } } }],
    ['environment over a default', { environment: { OPENBLAS_NUM_THREADS: '2' } }, { Environment: { Variables: { OPENBLAS_NUM_THREADS: '2' } } }],
    ['modelName', { modelName: 'numbers' }, { Environment: { Variables: { MODEL_NAME: 'numbers' } } }],
  ])('%s reaches the function', (_, props, expected) => {
    expect(functionProperties(props)).toMatchObject(expected);
  });

  test.each<[string, Partial<ModelFunctionProps>, string]>([
    ['as many as the processors of one', {}, '1'],
    ['one where memory buys less than a processor', { memorySize: Size.mebibytes(512) }, '1'],
    ['one as long as a second processor is not whole', { memorySize: Size.mebibytes(3537) }, '1'],
    ['two for two processors', { memorySize: Size.mebibytes(3538) }, '2'],
    ['five for the largest memory, which is not six whole ones', { memorySize: Size.mebibytes(10_240) }, '5'],
    ['one where memory is known only when it is deployed', { memorySize: Size.mebibytes(Lazy.number({ produce: () => 3538 })) }, '1'],
    ['as the user says', { memorySize: Size.mebibytes(3538), threads: 1 }, '1'],
    ['as a token says', { threads: Lazy.number({ produce: () => 3 }) }, '3'],
  ])('threads: %s', (_, props, threads) => {
    expect(functionProperties(props).Environment.Variables.MODEL_THREADS).toBe(threads);
  });

  test('memory, timeout, architecture and both runtime layers are offered to the model', () => {
    const stack = emptyStack();

    modelFunction(stack, { memorySize: Size.mebibytes(512), timeout: Duration.seconds(5) });

    const layer = (kind: string) => `{'Ref':'${resourceOf(stack, 'AWS::Lambda::LayerVersion', `RuntimeLayer${kind}x8664`).id}'}`;
    expect(offerOf(stack)).toEqual({
      endpoint: 'function',
      format: 'litert',
      architecture: 'x86_64',
      memoryMebibytes: 512,
      timeoutSeconds: 5,
      runtimes: {
        native: { layerArn: layer('native'), functionRuntime: 'provided.al2023' },
        numpy: { layerArn: layer('numpy'), functionRuntime: 'python3.13' },
      },
      partBytes: { handler: 0 },
    });
  });

  test('the runtime that the compatibility check chooses is the function\'s, with its layer', () => {
    const stack = emptyStack();

    modelFunction(stack);

    const check = resourceOf(stack, 'Custom::TensorFlowModelCompatibility').id;
    const { Runtime: runtime, Layers: [layer] } = resourceOf(stack, FUNCTION, 'Digits').properties;
    expect(runtime).toEqual({ 'Fn::GetAtt': [check, 'FunctionRuntime'] });
    expect(layer).toEqual({ 'Fn::GetAtt': [check, 'RuntimeLayerArn'] });
  });

  test('architecture applies to the function, the layers and the offer', () => {
    const stack = emptyStack();

    modelFunction(stack, { architecture: lambda.Architecture.ARM_64 });

    expect(offerOf(stack).architecture).toBe('arm64');
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Architectures).toEqual(['arm64']);
    expect(resourceOf(stack, 'AWS::Lambda::LayerVersion', 'RuntimeLayernumpyarm64').properties.CompatibleArchitectures).toEqual(['arm64']);
  });

  test('a copy of the library without the program for a processor serves with Python, and a warning says so', () => {
    jest.mocked(hasNativeProgram).mockReturnValueOnce(false);
    const stack = emptyStack();

    modelFunction(stack);

    expect(Object.keys(offerOf(stack).runtimes)).toEqual(['numpy']);
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Runtime).toBe('python3.13');
    Annotations.fromStack(stack).hasWarning('/Stack/Digits', Match.stringLikeRegexp('no native program for x86_64, so Python serves'));
  });

  test('snapStart chooses Python, because Lambda takes no snapshots of the native runtime', () => {
    const stack = emptyStack();

    modelFunction(stack, { snapStart: true });

    expect(Object.keys(offerOf(stack).runtimes)).toEqual(['numpy']);
  });

  test.each([
    [LiteRtRuntime.NATIVE, 'provided.al2023'],
    [LiteRtRuntime.NUMPY, 'python3.13'],
  ])('liteRtRuntime %s is the only runtime that is offered and built, and %s is Lambda\'s', (liteRtRuntime, functionRuntime) => {
    const stack = emptyStack();

    modelFunction(stack, { liteRtRuntime });

    expect(offerOf(stack)).toMatchObject({ runtime: liteRtRuntime, runtimes: { [liteRtRuntime]: { functionRuntime } } });
    expect(Object.keys(offerOf(stack).runtimes)).toEqual([liteRtRuntime]);
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Runtime).toBe(functionRuntime);
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion')).filter((id) => id.startsWith('RuntimeLayer'))).toHaveLength(1);
  });

  test('explorer selects the native runtime, so that no other can be chosen when the model is known', () => {
    const stack = emptyStack();

    modelFunction(stack, { explorer: true });

    expect(offerOf(stack).runtime).toBe(LiteRtRuntime.NATIVE);
    expect(Object.keys(offerOf(stack).runtimes)).toEqual([LiteRtRuntime.NATIVE]);
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Runtime).toBe('provided.al2023');
  });

  test('a function that is forced to native sets nothing for NumPy', () => {
    expect(functionProperties({ liteRtRuntime: LiteRtRuntime.NATIVE }).Environment.Variables).not.toHaveProperty('OPENBLAS_NUM_THREADS');
  });

  test('environmentEncryption encrypts the environment', () => {
    const stack = emptyStack();
    const key = new kms.Key(stack, 'Key');

    modelFunction(stack, { environmentEncryption: key });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.KmsKeyArn).toEqual(stack.resolve(key.keyArn));
  });

  test('layers are added to those of the runtime and the model', () => {
    const layer = 'arn:aws:lambda:eu-west-1:123456789012:layer:extension:3';
    const stack = emptyStack();

    modelFunction(stack, { layers: [lambda.LayerVersion.fromLayerVersionArn(stack, 'Extension', layer)] });

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Layers).toEqual([expect.anything(), expect.anything(), layer]);
  });

  test('connections are the function\'s in its VPC', () => {
    const stack = emptyStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const database = new ec2.SecurityGroup(stack, 'Database', { vpc });

    database.connections.allowFrom(modelFunction(stack, { vpc }), ec2.Port.tcp(5432));

    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: stack.resolve(database.securityGroupId), FromPort: 5432 });
    expect(() => modelFunction(emptyStack()).connections).toThrow(/VPC/);
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

  test('the log group is retained unless its first deployment fails, and expires events after three months', () => {
    const stack = emptyStack();

    modelFunction(stack);

    const group = resourceOf(stack, 'AWS::Logs::LogGroup', 'Digits');
    expect(group.properties).toEqual({ RetentionInDays: 90 });
    expect(group.resource.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(group.resource.UpdateReplacePolicy).toBe('Retain');
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.LoggingConfig).toEqual({ LogFormat: 'JSON', LogGroup: { Ref: group.id } });
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
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.LoggingConfig).toEqual({ LogFormat: 'JSON', LogGroup: stack.resolve(logGroup.logGroupName) });
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::Logs::LogGroup')).filter((id) => id.startsWith('Digits'))).toEqual([]);
  });

  test('tokens are accepted', () => {
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
