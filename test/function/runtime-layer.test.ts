import { DockerImage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LiteRtRuntime, ModelFunction, ModelSource, PythonBundling, RuntimeLayer } from '../../lib';
import { emptyStack, publishedModel, resourceOf } from './fixtures';

describe('RuntimeLayer', () => {
  test('exists once for each stack, kind, architecture and Python version', () => {
    const stack = emptyStack();
    const arm = { architecture: lambda.Architecture.ARM_64 };
    const older = { pythonRuntime: lambda.Runtime.PYTHON_3_12 };

    const layers = [
      RuntimeLayer.forNative(stack), RuntimeLayer.forNumpy(stack), RuntimeLayer.forNative(stack, arm),
      RuntimeLayer.forNumpy(stack, arm), RuntimeLayer.forNumpy(stack, older),
    ];

    expect(new Set(layers).size).toBe(5);
    expect(RuntimeLayer.forNative(stack, { architecture: lambda.Architecture.X86_64 })).toBe(layers[0]);
    expect(RuntimeLayer.forNative(new ModelFunction(stack, 'F', { model: ModelSource.fromArtifact(publishedModel(stack)) }))).toBe(layers[0]);
    expect(RuntimeLayer.forNative(emptyStack())).not.toBe(layers[0]);
  });

  test('describes its content', () => {
    const stack = emptyStack();

    const layer = RuntimeLayer.forNumpy(stack, { architecture: lambda.Architecture.ARM_64 });
    RuntimeLayer.forNative(stack);

    expect(resourceOf(stack, 'AWS::Lambda::LayerVersion', 'RuntimeLayernative').properties).toMatchObject({
      Description: `LiteRT ${layer.liteRtVersion} (native) for x86_64`,
      CompatibleArchitectures: ['x86_64'],
      CompatibleRuntimes: ['provided.al2023'],
    });
    expect(resourceOf(stack, 'AWS::Lambda::LayerVersion', 'RuntimeLayernumpy').properties).toMatchObject({
      Description: `LiteRT ${layer.liteRtVersion} (numpy) for arm64, python3.13`,
      CompatibleArchitectures: ['arm64'],
      CompatibleRuntimes: ['python3.13'],
    });
  });

  test('fails with a Python that LiteRT does not run on', () => {
    expect(() => RuntimeLayer.forNumpy(emptyStack(), { pythonRuntime: lambda.Runtime.PYTHON_3_11 })).toThrow(/pythonRuntime must be python3\.12 or newer/);
  });

  test('fails with a Python for the native runtime, which has none', () => {
    expect(() => new RuntimeLayer(emptyStack(), 'Layer', { liteRtRuntime: LiteRtRuntime.NATIVE, pythonRuntime: lambda.Runtime.PYTHON_3_13 }))
      .toThrow(/pythonRuntime has no effect on the native runtime.*leave it out/);
  });

  test('is shared by functions with equal bundling options, compared by value', () => {
    const stack = emptyStack();
    const docker = (index: string) => PythonBundling.docker({ environment: { PIP_INDEX_URL: index, A: 'b' }, image: DockerImage.fromRegistry('mine:1') });

    const layer = RuntimeLayer.forNative(stack, { bundling: docker('https://mirror.example') });

    expect(RuntimeLayer.forNative(stack, { bundling: docker('https://mirror.example') })).toBe(layer);
    expect(RuntimeLayer.forNative(stack)).toBe(layer);
    for (const bundling of [docker('https://other.example'), PythonBundling.docker(), PythonBundling.AUTO]) {
      expect(() => RuntimeLayer.forNative(stack, { bundling })).toThrow(/bundling differs from that of the runtime layer/);
    }
  });
});
