import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { ModelFormat } from '../model/published-model';
import type { EndpointOffer, OfferedRuntime } from '../optimization/model-compatibility';
import type { FunctionLayers } from './function-layers';
import type { FunctionSettings } from './function-settings';
import { NATIVE_RUNTIME } from './native-runtime-layer';
import type { RuntimeLayer } from './runtime-layer';

/** Describes the function for the deploy-time comparison with the model's requirements. */
export function functionOffer(
  settings: FunctionSettings, { native, numpy }: FunctionLayers, partBytes: Record<string, number>,
): EndpointOffer {
  return {
    endpoint: 'function',
    format: ModelFormat.LITERT,
    architecture: settings.architecture,
    memoryMebibytes: settings.memoryMebibytes,
    timeoutSeconds: settings.timeout.toSeconds(),
    runtime: settings.liteRtRuntime,
    runtimes: {
      ...native && { native: offeredRuntime(native, NATIVE_RUNTIME) },
      ...numpy && { numpy: offeredRuntime(numpy, settings.pythonRuntime) },
    },
    partBytes,
  };
}

function offeredRuntime(layer: RuntimeLayer, runtime: lambda.Runtime): OfferedRuntime {
  return { layerArn: layer.layerVersion.layerVersionArn, layerBytes: layer._bytes, functionRuntime: runtime.name };
}
