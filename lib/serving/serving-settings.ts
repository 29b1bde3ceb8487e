import { Duration } from 'aws-cdk-lib';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';

const DEFAULT_PORTS = { grpc: 8500, rest: 8501 };
const DEFAULT_MONITORING_PATH = '/monitoring/prometheus/metrics';

/** Batching with its defaults filled in. Numbers may be tokens. */
export interface BatchingSettings {
  readonly maxBatchSize: number;
  readonly timeoutMicroseconds: number;
  readonly maxEnqueuedBatches: number;
  /** As many as the server has processors where absent. */
  readonly threads?: number;
  readonly allowedBatchSizes?: number[];
  readonly padVariableLengthInputs?: boolean;
}

/** A server's options with their defaults filled in, once for all that is made of them. Numbers may be tokens. */
export interface ServingSettings {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly requestTimeoutMilliseconds: number;
  /** Absent without batching. */
  readonly batching?: BatchingSettings;
  /** Path of the metrics; absent without monitoring. */
  readonly monitoringPath?: string;
  readonly modelWarmup: boolean;
  readonly pollSeconds: number;
  /** The number follows from processors and batches where absent. */
  readonly restApiThreads?: number;
  readonly grpcMaxThreads?: number;
  readonly intraOpParallelism?: number;
  readonly interOpParallelism?: number;
  readonly serverFlags: { [flag: string]: unknown };
}

/** Fills in the defaults of a server's options. */
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

/** The ports alone, for checks that run before the other options are known to be right. */
export function portsOf({ grpcPort, restPort }: TensorFlowServingOptions): Pick<ServingSettings, 'grpcPort' | 'restPort'> {
  return { grpcPort: grpcPort ?? DEFAULT_PORTS.grpc, restPort: restPort ?? DEFAULT_PORTS.rest };
}

/** The largest batch alone, for the same reason. */
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
