import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { PythonBundling } from '../bundling/python-bundling';
import { bundledPackagesThatRequire, pythonLayer } from '../bundling/python-code';
import { layerName } from '../private/layer-name';
import type { ModelHook } from './model-hook';

/** What a hook's layer is made of. */
export interface HookLayerProps {
  readonly hook: ModelHook;
  readonly modelName: string;
  readonly pythonRuntime: lambda.Runtime;
  readonly architecture: lambda.Architecture;
  readonly bundling: PythonBundling;
}

/** A layer with a hook and its packages. */
export class HookLayer extends Construct {
  public readonly layerVersion: lambda.LayerVersion;

  /** Whether the hook needs NumPy: it says so, its files name it, or one of its packages requires it. */
  public readonly requiresNumpy: boolean;

  constructor(scope: Construct, id: string, props: HookLayerProps) {
    super(scope, id);
    this.layerVersion = pythonLayer(this, 'Layer', {
      layerVersionName: layerName(this, 'hook'),
      entry: props.hook._directory,
      runtime: props.pythonRuntime,
      architecture: props.architecture,
      pythonBundling: props.bundling,
      // NumPy comes with the runtime layer. Two of them, merged file by file, would be neither.
      selection: { keep: ['*'], drop: ['/numpy/', '/numpy.libs/', '/numpy-*.dist-info/'] },
      modules: true,
      pinned: props.hook._pinned,
      description: `Hook of the model ${props.modelName}`,
    });
    this.requiresNumpy = props.hook._requiresNumpy ?? bundledPackagesThatRequire(this.layerVersion, 'numpy').length > 0;
  }
}
