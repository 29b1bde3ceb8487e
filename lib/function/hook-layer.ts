import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { PythonBundling } from '../bundling/python-bundling';
import { pythonLayer } from '../bundling/python-code';
import { layerName } from '../private/layer-name';
import type { ModelHook } from './model-hook';

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

  constructor(scope: Construct, id: string, props: HookLayerProps) {
    super(scope, id);
    this.layerVersion = pythonLayer(this, 'Layer', {
      layerVersionName: layerName(this, 'hook', props.modelName),
      entry: props.hook._directory,
      runtime: props.pythonRuntime,
      architecture: props.architecture,
      pythonBundling: props.bundling,
      // NumPy comes with the runtime layer. Lambda merges layers file by file, so two versions would mix.
      selection: { keep: ['*'], drop: ['/numpy/', '/numpy.libs/', '/numpy-*.dist-info/'] },
      pinned: props.hook._pinned,
      description: `Hook of the model ${props.modelName}`,
    });
  }
}
