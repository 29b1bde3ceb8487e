import { DockerImage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ModelFunction, ModelSource, PythonBundling, RuntimeLayer } from '../../lib';
import { emptyStack, publishedModel, resourceOf } from './fixtures';

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

  test('is shared by functions that are bundled alike, each by its own word', () => {
    const stack = emptyStack();
    const docker = (index: string) => PythonBundling.docker({ environment: { PIP_INDEX_URL: index, A: 'b' }, image: DockerImage.fromRegistry('mine:1') });

    const layer = RuntimeLayer.nano(stack, { bundling: docker('https://mirror.example') });

    expect(RuntimeLayer.nano(stack, { bundling: docker('https://mirror.example') })).toBe(layer);
    expect(RuntimeLayer.nano(stack)).toBe(layer);
    for (const bundling of [docker('https://other.example'), PythonBundling.docker(), PythonBundling.AUTO]) {
      expect(() => RuntimeLayer.nano(stack, { bundling })).toThrow(/bundling differs from that of the runtime layer/);
    }
  });
});
