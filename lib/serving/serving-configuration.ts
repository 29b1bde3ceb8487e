import type { Duration } from 'aws-cdk-lib';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';
import type { TextProto } from './text-proto';
import { renderTextProto, Verbatim } from './text-proto';

export const DEFAULT_GRPC_PORT = 8500;
export const DEFAULT_REST_PORT = 8501;
export const DEFAULT_MONITORING_PATH = '/monitoring/prometheus/metrics';
export const DEFAULT_MAX_BATCH_SIZE = 32;

/** Which model a server serves. */
export interface ServedModel {
  readonly modelName: string;
  /** Directory of the model's versions. */
  readonly basePath: string;
  /** The only version to serve; may be a token. */
  readonly version: string;
}

/** A `ModelServerConfig`: one model, one version, whatever else lies beside it. */
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

/** A `BatchingParameters`; undefined without batching. Without the limit the server works on as many batches at a time as the machine has processors. */
export function batchingConfig(options: TensorFlowServingOptions, processorLimit?: number): string | undefined {
  if (!options.batching) {
    return undefined;
  }
  const threads = options.numBatchThreads ?? (processorLimit && Math.ceil(processorLimit));
  return renderTextProto({
    max_batch_size: wrapped(options.maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE),
    batch_timeout_micros: wrapped(microseconds(options.batchTimeout) ?? 1000),
    max_enqueued_batches: wrapped(options.maxEnqueuedBatches ?? 100),
    num_batch_threads: threads === undefined ? undefined : wrapped(threads),
    allowed_batch_sizes: options.allowedBatchSizes,
    pad_variable_length_inputs: options.padVariableLengthInputs,
  });
}

/** A `MonitoringConfig`; undefined without monitoring. */
export function monitoringConfig(options: TensorFlowServingOptions): string | undefined {
  if (options.monitoring === false) {
    return undefined;
  }
  return renderTextProto({ prometheus_config: { enable: true, path: options.monitoringPath ?? DEFAULT_MONITORING_PATH } });
}

/** A number as protocol buffers' wrapper messages hold it. */
function wrapped(value: number): TextProto {
  return { value };
}

function microseconds(duration: Duration | undefined): number | undefined {
  return duration && Math.round(duration.toMilliseconds({ integral: false }) * 1000);
}
