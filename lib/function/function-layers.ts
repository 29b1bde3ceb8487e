import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import { checkHookRuntime } from './function-checks';
import type { FunctionSettings } from './function-settings';
import { HookLayer } from './hook-layer';
import { LiteRtRuntime } from './litert-runtime';
import type { ModelFunctionProps } from './model-function-props';
import { RuntimeLayer } from './runtime-layer';

/** The layers that exist before the model does. */
export interface FunctionLayers {
  readonly hook?: lambda.LayerVersion;
  /** Whether the hook needs NumPy. */
  readonly requiresNumpy: boolean;
  /** The runtimes that the model may be given; one of them where the choice is made already. */
  readonly nano?: RuntimeLayer;
  readonly numpy?: RuntimeLayer;
}

/** Creates a function's hook layer, and the runtime layers that its model may need. */
export function functionLayers(scope: Construct, props: ModelFunctionProps, settings: FunctionSettings): FunctionLayers {
  const { modelName, pythonRuntime, architecture, bundling } = settings;
  const options = { pythonRuntime, architecture, bundling };
  const hook = props.hook && new HookLayer(scope, 'HookLayer', { ...options, hook: props.hook, modelName });
  const requiresNumpy = hook?.requiresNumpy ?? false;
  failIfAny(lit`InvalidModelFunctionProps`, checkHookRuntime(requiresNumpy, props.liteRtRuntime), scope);
  return {
    hook: hook?.layerVersion,
    requiresNumpy,
    nano: props.liteRtRuntime === LiteRtRuntime.NUMPY || requiresNumpy ? undefined : RuntimeLayer.nano(scope, options),
    numpy: props.liteRtRuntime === LiteRtRuntime.NANO ? undefined : RuntimeLayer.numpy(scope, options),
  };
}
