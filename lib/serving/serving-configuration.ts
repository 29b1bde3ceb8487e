import type { ServingSettings } from './serving-settings';
import type { TextProto } from './text-proto';
import { renderTextProto, Verbatim } from './text-proto';

/** The model that a server serves. */
export interface ServedModel {
  readonly modelName: string;
  /** Directory that contains the model's versions. */
  readonly basePath: string;
  /** The only version to serve; may be a token. */
  readonly version: string;
}

/** Renders a `ModelServerConfig` for one version, even if the directory has others. */
export function modelConfig(model: ServedModel): string {
  return renderTextProto({
    model_config_list: {
      config: {
        name: model.modelName,
        base_path: model.basePath,
        model_platform: 'tensorflow',
        model_version_policy: { specific: { versions: new Verbatim(model.version) } },
      },
    },
  });
}

/** Renders `BatchingParameters`; undefined without batching. Without `processorLimit` the server runs one batch per processor in parallel. */
export function batchingConfig({ batching }: Pick<ServingSettings, 'batching'>, processorLimit?: number): string | undefined {
  if (!batching) {
    return undefined;
  }
  const threads = batching.threads ?? (processorLimit && Math.ceil(processorLimit));
  return renderTextProto({
    max_batch_size: wrapped(batching.maxBatchSize),
    batch_timeout_micros: wrapped(batching.timeoutMicroseconds),
    max_enqueued_batches: wrapped(batching.maxEnqueuedBatches),
    num_batch_threads: threads === undefined ? undefined : wrapped(threads),
    allowed_batch_sizes: batching.allowedBatchSizes,
    pad_variable_length_inputs: batching.padVariableLengthInputs,
  });
}

/** Renders a `MonitoringConfig`; undefined without monitoring. */
export function monitoringConfig({ monitoringPath: path }: Pick<ServingSettings, 'monitoringPath'>): string | undefined {
  return path === undefined ? undefined : renderTextProto({ prometheus_config: { enable: true, path } });
}

/** Wraps a number as a protocol buffers wrapper message. */
function wrapped(value: number): TextProto {
  return { value };
}
