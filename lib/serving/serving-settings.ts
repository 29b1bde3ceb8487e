import { Duration } from 'aws-cdk-lib';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';

const DEFAULT_PORTS = { grpc: 8500, rest: 8501 };
const DEFAULT_MONITORING_PATH = '/monitoring/prometheus/metrics';

/** Batching options with defaults. Numbers may be tokens. */
export interface BatchingSettings {
  readonly maxBatchSize: number;
  readonly timeoutMicroseconds: number;
  readonly maxEnqueuedBatches: number;
  /** If undefined, as many as the server has processors. */
  readonly threads?: number;
  readonly allowedBatchSizes?: number[];
  readonly padVariableLengthInputs?: boolean;
}

/** A server's options with defaults. Numbers may be tokens. */
export interface ServingSettings {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly requestTimeoutMilliseconds: number;
  /** Undefined without batching. */
  readonly batching?: BatchingSettings;
  /** Path of the metrics; undefined without monitoring. */
  readonly monitoringPath?: string;
  readonly modelWarmup: boolean;
  readonly pollSeconds: number;
  /** If undefined, derived from processors and batch size. */
  readonly restApiThreads?: number;
  readonly grpcMaxThreads?: number;
  readonly intraOpParallelism?: number;
  readonly interOpParallelism?: number;
  readonly serverFlags: { [flag: string]: unknown };
}

export function servingSettings(options: TensorFlowServingOptions): ServingSettings {
  return {
    ...portsOf(options),
    requestTimeoutMilliseconds: (options.requestTimeout ?? Duration.seconds(30)).toMilliseconds(),
    batching: options.batching ? batchingSettings(options) : undefined,
    monitoringPath: options.monitoring === false ? undefined : options.monitoringPath ?? DEFAULT_MONITORING_PATH,
    modelWarmup: options.modelWarmup ?? true,
    pollSeconds: (options.fileSystemPollInterval ?? Duration.minutes(1)).toSeconds(),
    restApiThreads: options.restApiThreads,
    grpcMaxThreads: options.grpcMaxThreads,
    intraOpParallelism: options.intraOpParallelism,
    interOpParallelism: options.interOpParallelism,
    serverFlags: options.serverFlags ?? {},
  };
}

/** Returns only the ports, for checks that run before the other options are checked. */
export function portsOf({ grpcPort, restPort }: TensorFlowServingOptions): Pick<ServingSettings, 'grpcPort' | 'restPort'> {
  return { grpcPort: grpcPort ?? DEFAULT_PORTS.grpc, restPort: restPort ?? DEFAULT_PORTS.rest };
}

/** Returns only the maximum batch size, for the same reason. */
export function maxBatchSizeOf({ maxBatchSize }: TensorFlowServingOptions): number {
  return maxBatchSize ?? 32;
}

function batchingSettings(options: TensorFlowServingOptions): BatchingSettings {
  const timeout = options.batchTimeout ?? Duration.millis(1);
  return {
    maxBatchSize: maxBatchSizeOf(options),
    timeoutMicroseconds: Math.round(timeout.toMilliseconds({ integral: false }) * 1000),
    maxEnqueuedBatches: options.maxEnqueuedBatches ?? 100,
    threads: options.numBatchThreads,
    allowedBatchSizes: options.allowedBatchSizes,
    padVariableLengthInputs: options.padVariableLengthInputs,
  };
}
