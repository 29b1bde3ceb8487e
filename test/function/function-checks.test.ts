import { Duration, Size } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFunctionProps } from '../../lib';
import { ImageInput, LiteRtRuntime, ModelHook, ModelSource } from '../../lib';
import { emptyStack, functionProperties, hookDirectory, modelFunction, tfliteFile } from './fixtures';

describe('fails', () => {
  test.each<[string, Partial<ModelFunctionProps>, RegExp]>([
    ['too little memory', { memorySize: Size.mebibytes(127) }, /memorySize in MiB must be between 128 and 10240, got 127/],
    ['too much memory', { memorySize: Size.mebibytes(10241) }, /got 10241/],
    ['memory between two steps', { memorySize: Size.kibibytes(200_000) }, /memorySize in MiB must be a whole number .* got 195\.3125/],
    ['memory of bytes', { memorySize: Size.bytes(1) }, /memorySize in MiB must be/],
    ['no time', { timeout: Duration.seconds(0) }, /timeout in seconds must be between 1 and 900, got 0/],
    ['too much time', { timeout: Duration.seconds(901) }, /got 901/],
    ['part of a second', { timeout: Duration.millis(1500) }, /timeout in seconds must be a whole number .* got 1\.5/],
    ['negative concurrency', { reservedConcurrentExecutions: -1 }, /reservedConcurrentExecutions must be a whole number of at least 0, got -1/],
    ['an older Python', { pythonRuntime: lambda.Runtime.PYTHON_3_11 }, /pythonRuntime must be python3\.12 or newer, got "python3\.11"/],
    ['another language', { pythonRuntime: lambda.Runtime.NODEJS_20_X }, /pythonRuntime must be a Python runtime, got "nodejs20\.x"/],
    ['a model name of other characters', { modelName: 'My Digits' }, /modelName must be .* got "My Digits"/],
    ['MODEL_NAME in the environment', { environment: { MODEL_NAME: 'x' } }, /environment must not set MODEL_NAME: use modelName/],
    ['MODEL_THREADS in the environment', { environment: { MODEL_THREADS: '2' } }, /environment must not set MODEL_THREADS: use threads/],
    ['more threads than processors', { threads: 7 }, /threads must be between 1 and 6, got 7: a function has no more processors/],
    ['part of a thread', { threads: 1.5 }, /threads must be a whole number between 1 and 6, got 1\.5/],
    ['METRIC_NAMESPACE in the environment', { environment: { METRIC_NAMESPACE: 'x' } }, /environment must not set METRIC_NAMESPACE: use embeddedMetrics/],
    ['HANDLER_CODE in the environment', { environment: { HANDLER_CODE: 'x' } }, /environment must not set HANDLER_CODE: it says where the function's code lies/],
    ['a variable that Lambda refuses', { environment: { '1X': 'x' } }, /environment variable must be at least two letters.* got "1X"/],
    ['subnets without a VPC', { vpcSubnets: {} }, /vpcSubnets has no effect without vpc/],
    ['allowPublicSubnet without a VPC', { allowPublicSubnet: true }, /allowPublicSubnet has no effect without vpc/],
    ['security groups without a VPC', { securityGroups: [] }, /securityGroups has no effect without vpc/],
  ])('with %s', (_, props, message) => {
    expect(() => modelFunction(emptyStack(), props)).toThrow(message);
  });

  test.each<[string, Partial<ModelFunctionProps>, string]>([
    ['a hook', { hook: ModelHook.fromAsset(hookDirectory()) }, 'hook selects the Python handler, which decodes no images: leave hook out, or leave imageInput out and '
      + 'decode images in the hook'],
    ['snapStart', { snapStart: true }, 'snapStart selects the Python handler, which decodes no images: leave snapStart out, or leave imageInput out and '
      + 'decode images in a ModelHook'],
    ['the numpy runtime', { liteRtRuntime: LiteRtRuntime.NUMPY }, 'LiteRtRuntime.NUMPY selects the Python handler'],
    ['all of them', { liteRtRuntime: LiteRtRuntime.NUMPY, snapStart: true, hook: ModelHook.fromAsset(hookDirectory()) },
      'hook and snapStart and LiteRtRuntime.NUMPY select the Python handler'],
  ])('with images and %s', (_, props, message) => {
    expect(() => modelFunction(emptyStack(), { imageInput: ImageInput.zeroToOne(), ...props })).toThrow(`imageInput needs the native runtime, and ${message}`);
    expect(() => modelFunction(emptyStack(), props)).not.toThrow();
  });

  test('with the page and what selects the Python handler', () => {
    expect(() => modelFunction(emptyStack(), { explorer: true, snapStart: true }))
      .toThrow('explorer needs the native runtime, and snapStart selects the Python handler, which serves no page: leave snapStart out, or leave explorer out and use '
        + '`npx cdk-tensorflow open`');
    expect(() => modelFunction(emptyStack(), { explorer: true, pythonRuntime: lambda.Runtime.PYTHON_3_12 }))
      .toThrow('pythonRuntime has no effect with explorer, which selects the native runtime: leave one of them out');
    expect(() => modelFunction(emptyStack(), { explorer: false, snapStart: true, pythonRuntime: lambda.Runtime.PYTHON_3_12 })).not.toThrow();
  });

  test('not with images in the native runtime', () => {
    const props = { model: ModelSource.fromAsset(tfliteFile()), imageInput: ImageInput.zeroToOne() };

    expect(() => modelFunction(emptyStack(), { ...props, snapStart: false })).not.toThrow();
    expect(() => modelFunction(emptyStack(), { ...props, liteRtRuntime: LiteRtRuntime.NATIVE })).not.toThrow();
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
    expect(() => modelFunction(emptyStack(), { memorySize: Size.mebibytes(1), timeout: Duration.hours(1), modelName: 'A b', vpcSubnets: {} }))
      .toThrow(/4 problems:\n.*memorySize.*\n.*timeout.*\n.*vpcSubnets.*\n.*modelName/);
  });

  test('naming those of its model, of the optimization and of the hook among them, each once', () => {
    const problem = () => modelFunction(emptyStack(), {
      model: ModelSource.fromAsset(tfliteFile()), memorySize: Size.mebibytes(1), modelName: 'A b', seed: -1, hook: ModelHook.fromAsset('no/such/hook'),
    });

    expect(problem).toThrow(/4 problems:\n.*memorySize.*\n.*hook must be a directory.*\n.*modelName.*\n.*seed.*$/);
  });

  test('with options for an optimization that does not run', () => {
    expect(() => modelFunction(emptyStack(), { seed: 1 })).toThrow(/seed has no effect on a model that is published already/);
  });

  test.each([128, 10240])('not with %d MiB', (mebibytes) => {
    expect(functionProperties({ memorySize: Size.mebibytes(mebibytes) }).MemorySize).toBe(mebibytes);
  });

  test.each([1, 900])('not with a timeout of %d s', (seconds) => {
    expect(functionProperties({ timeout: Duration.seconds(seconds) }).Timeout).toBe(seconds);
  });
});

describe('threads', () => {
  const warned = (props: Partial<ModelFunctionProps>) => {
    const stack = emptyStack();
    modelFunction(stack, props);
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('threads is')).map(({ entry }) => entry.data);
  };

  test('that no processor is for are warned of, with the memory that they need', () => {
    expect(warned({ threads: 6, memorySize: Size.mebibytes(1769) })).toEqual([expect.stringContaining(
      'threads is 6, and memorySize of 1769 MiB provides at most 2 processors, so that further threads only wait: give memorySize: Size.mebibytes(10240) or more')]);
  });

  test.each([{ threads: 2 }, { threads: 4, memorySize: Size.mebibytes(7076) }, { memorySize: Size.mebibytes(128) }])('that fit are not: %j', (props) => {
    expect(warned(props)).toEqual([]);
  });
});
