import { Stack, ValidationError } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { PythonBundling } from '../bundling/python-bundling';
import { bundledBytes, pythonLayer } from '../bundling/python-code';
import { failIfAny, lit } from '../private/errors';
import { layerName } from '../private/layer-name';
import { checkPythonRuntime } from './function-checks';
import { LiteRtRuntime } from './litert-runtime';
import { liteRtVersion, runtimeLayerContents } from './runtime-layer-contents';
import type { RuntimeLayerOptions, RuntimeLayerProps } from './runtime-layer-props';

/**
 * A Lambda layer with what runs LiteRT models.
 *
 * `RuntimeLayer.nano()` and `.numpy()` give the one of the stack, so that a further function adds none. An old layer version
 * is deleted when a new one has replaced it: Lambda keeps what published function versions name.
 */
export class RuntimeLayer extends Construct {
  /**
   * The stack's layer with LiteRT's C library alone: at most 9 MB unzipped.
   *
   * @param scope anything in the stack
   * @param options what the layer is made for
   */
  public static nano(scope: Construct, options: RuntimeLayerOptions = {}): RuntimeLayer {
    return RuntimeLayer.ofStack(scope, { ...options, liteRtRuntime: LiteRtRuntime.NANO });
  }

  /**
   * The stack's layer with LiteRT's Python package and NumPy: at most 64 MB unzipped.
   *
   * @param scope anything in the stack
   * @param options what the layer is made for
   */
  public static numpy(scope: Construct, options: RuntimeLayerOptions = {}): RuntimeLayer {
    return RuntimeLayer.ofStack(scope, { ...options, liteRtRuntime: LiteRtRuntime.NUMPY });
  }

  private static ofStack(scope: Construct, props: RuntimeLayerProps): RuntimeLayer {
    const stack = Stack.of(scope);
    const { pythonRuntime, architecture } = withDefaults(props);
    const id = `RuntimeLayer-${props.liteRtRuntime}-${architecture.name}-${pythonRuntime.name}`;
    const existing = stack.node.tryFindChild(id) as RuntimeLayer | undefined;
    if (existing && props.bundling && !existing.bundling._equals(props.bundling)) {
      throw new ValidationError(
        lit`RuntimeLayerBundledTwice`,
        `bundling differs from that of the runtime layer ${existing.node.path}, which the functions of a stack share: give all of them the same`,
        scope,
      );
    }
    return existing ?? new RuntimeLayer(stack, id, props);
  }

  /** What the layer holds. */
  public readonly liteRtRuntime: LiteRtRuntime;

  /** The version of LiteRT that the layer holds. */
  public readonly liteRtVersion: string;

  /** The layer version. */
  public readonly layerVersion: lambda.LayerVersion;

  private readonly bundling: PythonBundling;

  constructor(scope: Construct, id: string, props: RuntimeLayerProps) {
    super(scope, id);
    const { pythonRuntime, architecture, bundling } = withDefaults(props);
    failIfAny(lit`InvalidRuntimeLayerProps`, checkPythonRuntime('pythonRuntime', pythonRuntime), this);

    const contents = runtimeLayerContents(props.liteRtRuntime);
    this.liteRtRuntime = props.liteRtRuntime;
    this.liteRtVersion = liteRtVersion(contents);
    this.bundling = bundling;
    this.layerVersion = pythonLayer(this, 'Layer', {
      layerVersionName: layerName(this, props.liteRtRuntime),
      ...contents,
      pinned: true,
      runtime: pythonRuntime,
      architecture,
      pythonBundling: bundling,
      description: `LiteRT ${this.liteRtVersion} (${props.liteRtRuntime}) for ${architecture.name}, ${pythonRuntime.name}`,
      license: props.liteRtRuntime === LiteRtRuntime.NANO ? 'Apache-2.0' : 'Apache-2.0 AND BSD-3-Clause',
    });
  }

  /**
   * Unzipped size in bytes, where it is known at synth.
   *
   * @internal
   */
  public get _bytes(): number | undefined {
    return bundledBytes(this.layerVersion);
  }
}

function withDefaults(props: RuntimeLayerProps): Required<RuntimeLayerProps> {
  return {
    liteRtRuntime: props.liteRtRuntime,
    pythonRuntime: props.pythonRuntime ?? lambda.Runtime.PYTHON_3_13,
    architecture: props.architecture ?? lambda.Architecture.X86_64,
    bundling: props.bundling ?? PythonBundling.AUTO,
  };
}
