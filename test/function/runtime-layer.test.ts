import { App, DockerImage, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LiteRtRuntime, ModelFunction, ModelSource, PythonBundling, RuntimeLayer } from '../../lib';
import { FakeHost, SHARED_OBJECT, wheel } from '../bundling/fake-tools';
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

  test('names both places of a layer that is bundled in another one, and no options, which may hold a password', () => {
    const stack = emptyStack();
    RuntimeLayer.forNative(stack, { bundling: PythonBundling.LOCAL });
    RuntimeLayer.forNumpy(stack, { bundling: PythonBundling.docker({ environment: { PIP_INDEX_URL: 'https://me:secret@mirror.example' } }) });

    expect(() => RuntimeLayer.forNative(stack, { bundling: PythonBundling.docker() }))
      .toThrow(/got PythonBundling\.docker\(\), and the layer has PythonBundling\.LOCAL\): give all of them the same$/);
    expect(() => RuntimeLayer.forNumpy(stack, { bundling: PythonBundling.docker() }))
      .toThrow(/got PythonBundling\.docker\(\), and the layer has other options\): give all of them the same$/);
  });

  test('says that docker() must come first where the layer was made without a choice', () => {
    const stack = emptyStack();
    RuntimeLayer.forNative(stack);

    expect(() => RuntimeLayer.forNative(stack, { bundling: PythonBundling.docker() }))
      .toThrow(/the layer has PythonBundling\.AUTO\): .*such as an endpoint with replay: define this before it, or use PythonBundling\.AUTO/);
  });
});

describe('a RuntimeLayer that is bundled', () => {
  const LITERT = wheel('ai_edge_litert', '2.3.0', 'manylinux_2_27_x86_64', { 'ai_edge_litert/interpreter.py': '', 'ai_edge_litert/libpywrap_litert_common.so': SHARED_OBJECT });
  const { AUTO, LOCAL } = PythonBundling;

  let host: FakeHost;
  beforeEach(() => (host = new FakeHost()));
  afterEach(() => host.remove());

  /** The template of a stack whose layer is asked for with several values of bundling. */
  function templateOf(...asked: (PythonBundling | undefined)[]): object {
    const stack = new Stack(new App(), 'Stack');
    const layers = asked.map((bundling) => RuntimeLayer.forNumpy(stack, { bundling }));
    expect(new Set(layers).size).toBe(1);
    return Template.fromStack(stack).toJSON();
  }

  test('is the same asset for AUTO, for LOCAL and without a choice, in any order', () => {
    host.addUv(LITERT);
    host.addPython('python3.13', '3.13');
    const local = templateOf(LOCAL);

    for (const asked of [[undefined, LOCAL], [LOCAL, undefined], [AUTO, LOCAL], [LOCAL, AUTO]]) {
      expect(templateOf(...asked)).toEqual(local);
    }
    expect(JSON.stringify(local)).toMatch(/"S3Key":"[0-9a-f]{64}\.zip"/);
  });

  test('by Docker, because the host has no tools, is refused to LOCAL, which never uses it', () => {
    host.addDocker(LITERT);

    expect(() => templateOf(undefined, LOCAL)).toThrow(/PythonBundling\.LOCAL needs uv or pip on this host, and found neither/);
    expect(host.calls.filter((call) => call.startsWith('docker run'))).not.toEqual([]);
  });
});
