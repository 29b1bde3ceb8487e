import { ModelFormat } from '../model/model-format';
import type { EndpointOffer } from '../optimization/model-compatibility';
import type { FunctionLayers } from './function-layers';
import type { FunctionSettings } from './function-settings';
import type { ModelFunctionProps } from './model-function-props';

/** What a function offers its model, to be compared with what the model needs when it is deployed. */
export function functionOffer(
  props: ModelFunctionProps, settings: FunctionSettings, { nano, numpy, requiresNumpy }: FunctionLayers, partBytes: Record<string, number>,
): EndpointOffer {
  return {
    endpoint: 'function',
    format: ModelFormat.LITERT,
    architecture: settings.architecture,
    memoryMebibytes: settings.memoryMebibytes,
    timeoutSeconds: settings.timeout.toSeconds(),
    runtime: props.liteRtRuntime,
    requiresNumpy: requiresNumpy || undefined,
    nanoLayerArn: nano?.layerVersion.layerVersionArn,
    numpyLayerArn: numpy?.layerVersion.layerVersionArn,
    nanoLayerBytes: nano?._bytes,
    numpyLayerBytes: numpy?._bytes,
    partBytes,
  };
}
