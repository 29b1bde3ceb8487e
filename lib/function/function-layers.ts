import { Validations } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionSettings } from './function-settings';
import { HookLayer } from './hook-layer';
import type { ModelFunctionProps } from './model-function-props';
import { hasNativeProgram } from './native-runtime-layer';
import { RuntimeLayer } from './runtime-layer';
import { LiteRtRuntime } from './runtime-layer-props';

/** Layers created before the model exists. */
export interface FunctionLayers {
  readonly hook?: lambda.LayerVersion;
  /** The runtimes the model may need; only one when the choice is fixed at synth. */
  readonly native?: RuntimeLayer;
  readonly numpy?: RuntimeLayer;
}

export function functionLayers(scope: Construct, props: ModelFunctionProps, settings: FunctionSettings): FunctionLayers {
  const { modelName, pythonRuntime, architecture, bundling, liteRtRuntime } = settings;
  const hook = props.hook && new HookLayer(scope, 'HookLayer', { hook: props.hook, modelName, pythonRuntime, architecture, bundling });
  return {
    hook: hook?.layerVersion,
    native: offersNative(scope, props, settings) ? RuntimeLayer.forNative(scope, { architecture, bundling }) : undefined,
    numpy: liteRtRuntime === LiteRtRuntime.NATIVE ? undefined : RuntimeLayer.forNumpy(scope, { pythonRuntime, architecture, bundling }),
  };
}

/** Hooks are Python modules, and Lambda takes no snapshots of `provided.al2023`. */
function offersNative(scope: Construct, props: ModelFunctionProps, { architecture, liteRtRuntime }: FunctionSettings): boolean {
  if (liteRtRuntime !== undefined) {
    return liteRtRuntime === LiteRtRuntime.NATIVE;
  }
  if (props.hook !== undefined || props.snapStart) {
    return false;
  }
  if (!hasNativeProgram(architecture)) {
    Validations.of(scope).addWarning('cdk-tensorflow:NoNativeProgram', `this copy of the library has no native program for ${architecture.name}, so Python serves, `
      + 'which starts more slowly: in a clone, "npm run setup" says why; or set liteRtRuntime to LiteRtRuntime.NUMPY');
    return false;
  }
  return true;
}
