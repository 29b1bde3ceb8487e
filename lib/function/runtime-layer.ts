import { Stack, ValidationError } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { PythonBundling } from '../bundling/python-bundling';
import { bundledBytes, hostInstaller, pythonLayer } from '../bundling/python-code';
import { failIfAny, lit } from '../private/errors';
import { injectedProps } from '../private/injected-props';
import { layerName } from '../private/layer-name';
import { checkTypes } from '../private/property-types';
import { checkPythonRuntime, LAYER_TYPES } from './function-checks';
import { nativeRuntimeLayer } from './native-runtime-layer';
import { layerRequirements, liteRtVersion, NUMPY_SELECTION } from './runtime-layer-contents';
import { LiteRtRuntime } from './runtime-layer-props';
import type { PythonRuntimeLayerOptions, RuntimeLayerOptions, RuntimeLayerProps } from './runtime-layer-props';

/**
 * A Lambda layer with a runtime for LiteRT models.
 *
 * `RuntimeLayer.forNative()` and `.forNumpy()` return the stack's shared layer, so a further function adds none. An old layer version is deleted
 * after a new one has replaced it; published function versions that use it keep working.
 */
export class RuntimeLayer extends Construct {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.RuntimeLayer';

  /**
   * The stack's layer with the native program and LiteRT's C library: at most 11 MB unzipped.
   *
   * @param scope any construct in the stack
   * @param options architecture and bundling
   */
  public static forNative(scope: Construct, options: RuntimeLayerOptions = {}): RuntimeLayer {
    const { architecture, bundling } = options;
    return RuntimeLayer.ofStack(scope, { architecture, bundling, liteRtRuntime: LiteRtRuntime.NATIVE });
  }

  /**
   * The stack's layer with LiteRT's Python package and NumPy: at most 64 MB unzipped.
   *
   * @param scope any construct in the stack
   * @param options Python version, architecture and bundling
   */
  public static forNumpy(scope: Construct, options: PythonRuntimeLayerOptions = {}): RuntimeLayer {
    return RuntimeLayer.ofStack(scope, { ...options, liteRtRuntime: LiteRtRuntime.NUMPY });
  }

  private static ofStack(scope: Construct, props: RuntimeLayerProps): RuntimeLayer {
    failIfAny(lit`InvalidRuntimeLayerProps`, checkTypes<PythonRuntimeLayerOptions>(props, LAYER_TYPES), scope);
    const stack = Stack.of(scope);
    const { pythonRuntime, architecture } = withDefaults(props);
    const python = props.liteRtRuntime === LiteRtRuntime.NUMPY ? `-${pythonRuntime.name}` : '';
    const id = `RuntimeLayer-${props.liteRtRuntime}-${architecture.name}${python}`;
    const existing = stack.node.tryFindChild(id) as RuntimeLayer | undefined;
    if (existing && props.bundling) {
      existing.checkBundling(props.bundling, scope);
    }
    return existing ?? new RuntimeLayer(stack, id, props);
  }

  /** The runtime in the layer. */
  public readonly liteRtRuntime: LiteRtRuntime;

  /** The version of LiteRT in the layer. */
  public readonly liteRtVersion: string;

  /** The layer version. */
  public readonly layerVersion: lambda.LayerVersion;

  private readonly bundling: PythonBundling;
  /** True if the first function that asked for the layer has no bundling of its own. */
  private readonly bundledByDefault: boolean;
  private bytes?: number;

  constructor(scope: Construct, id: string, props: RuntimeLayerProps) {
    super(scope, id);
    props = injectedProps(RuntimeLayer.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidRuntimeLayerProps`, checkTypes<PythonRuntimeLayerOptions>(props, LAYER_TYPES), this);
    failIfAny(lit`InvalidRuntimeLayerProps`, checkRuntimeLayer(props), this);
    const { liteRtRuntime, bundling } = withDefaults(props);
    this.liteRtRuntime = liteRtRuntime;
    this.liteRtVersion = liteRtVersion(liteRtRuntime);
    this.bundling = bundling;
    this.bundledByDefault = props.bundling === undefined;
    this.layerVersion = liteRtRuntime === LiteRtRuntime.NATIVE ? this.nativeLayer(props) : this.numpyLayer(props);
  }

  /**
   * Unzipped size in bytes, if known at synth.
   *
   * @internal
   */
  public get _bytes(): number | undefined {
    return this.bytes ??= bundledBytes(this.layerVersion);
  }

  /** Fails if the layer, which is bundled already, is not what a further function asks for. */
  private checkBundling(asked: PythonBundling, scope: Construct): void {
    if (!this.bundling._agrees(asked)) {
      const difference = this.bundling._place === asked._place ? 'and the layer has other options' : `and the layer has ${this.bundling._name}`;
      const wayOut = this.bundledByDefault
        ? 'the layer was made for something that leaves bundling out, such as an endpoint with replay: define this before it, or use PythonBundling.AUTO'
        : 'give all of them the same';
      throw new ValidationError(
        lit`RuntimeLayerBundledTwice`,
        `bundling differs from that of the runtime layer ${this.node.path}, which the functions of a stack share (got ${asked._name}, ${difference}): ${wayOut}`,
        scope,
      );
    }
    if (Stack.of(scope).bundlingRequired) {
      // Where the host has no tools, AUTO has used Docker, which LOCAL must not.
      hostInstaller(scope, asked);
    }
  }

  private nativeLayer(props: RuntimeLayerProps): lambda.LayerVersion {
    const { architecture, bundling } = withDefaults(props);
    return nativeRuntimeLayer(this, 'Layer', {
      layerVersionName: layerName(this, LiteRtRuntime.NATIVE, architecture.name),
      architecture,
      bundling,
      description: `LiteRT ${this.liteRtVersion} (native) for ${architecture.name}`,
    });
  }

  private numpyLayer(props: RuntimeLayerProps): lambda.LayerVersion {
    const { architecture, bundling, pythonRuntime } = withDefaults(props);
    return pythonLayer(this, 'Layer', {
      layerVersionName: layerName(this, LiteRtRuntime.NUMPY, architecture.name, pythonRuntime.name),
      entry: layerRequirements(LiteRtRuntime.NUMPY),
      selection: NUMPY_SELECTION,
      pinned: true,
      runtime: pythonRuntime,
      architecture,
      pythonBundling: bundling,
      description: `LiteRT ${this.liteRtVersion} (numpy) for ${architecture.name}, ${pythonRuntime.name}`,
      license: 'Apache-2.0 AND BSD-3-Clause',
    });
  }
}

function checkRuntimeLayer({ liteRtRuntime, pythonRuntime }: RuntimeLayerProps): string[] {
  if (pythonRuntime === undefined) {
    return [];
  }
  return liteRtRuntime === LiteRtRuntime.NATIVE
    ? ['pythonRuntime has no effect on the native runtime, which has no Python: leave it out']
    : checkPythonRuntime('pythonRuntime', pythonRuntime);
}

function withDefaults(props: RuntimeLayerProps): Required<RuntimeLayerProps> {
  return {
    liteRtRuntime: props.liteRtRuntime,
    pythonRuntime: props.pythonRuntime ?? lambda.Runtime.PYTHON_3_13,
    architecture: props.architecture ?? lambda.Architecture.X86_64,
    bundling: props.bundling ?? PythonBundling.AUTO,
  };
}
