import { Token, Tokenization } from 'aws-cdk-lib';
import { inNameOrder } from '../private/in-name-order';
import type { ServingSettings } from './serving-settings';

/** Path of the server in the official image and on virtual machines. The image's entrypoint does not forward signals. */
export const SERVER_PROGRAM = '/usr/bin/tensorflow_model_server';

export interface ServerCommandOptions {
  /** Directory of `CONFIG_FILES`. */
  readonly configDirectory: string;
  /** Processors reserved for the server, if known; the server would count all of the machine. */
  readonly processors?: number;
  /** Maximum processors of the server. */
  readonly processorLimit?: number;
  /** Time that connections continue before the server ends. */
  readonly drainSeconds: number;
}

export const CONFIG_FILES = { model: 'models.config', batching: 'batching.config', monitoring: 'monitoring.config' };

/** Flags that `serverFlags` can override. */
const DEFAULT_FLAGS: Record<string, string | number | boolean> = {
  // On by default, which lets anyone who can reach the port profile the server.
  enable_profiler: false,
  // Give up a version that does not load after one retry: by default the server retries for more than five minutes. It does not end with the last
  // attempt, but when it next looks at the file system (`fileSystemPollInterval`).
  max_num_load_retries: 1,
  load_retry_interval_micros: 5_000_000,
};

/** With fewer threads, requests would wait or be rejected while processors are idle. */
const FEWEST_THREADS = 64;
/** Assumed if the number is unknown: more threads only cost memory. */
const MANY_PROCESSORS = 64;

/** Returns the arguments of tensorflow_model_server, one per flag. */
export function serverArguments(serving: ServingSettings, command: ServerCommandOptions): string[] {
  const { configDirectory: directory, processors, drainSeconds } = command;
  const threads = requestThreads(serving, processors);
  const flags: Record<string, string | number | boolean | undefined> = {
    port: serving.grpcPort,
    rest_api_port: serving.restPort,
    rest_api_timeout_in_ms: serving.requestTimeoutMilliseconds,
    rest_api_num_threads: serving.restApiThreads ?? threads,
    grpc_max_threads: serving.grpcMaxThreads ?? threads,
    model_config_file: `${directory}/${CONFIG_FILES.model}`,
    file_system_poll_wait_seconds: serving.pollSeconds,
    ...(serving.batching ? { enable_batching: true, batching_parameters_file: `${directory}/${CONFIG_FILES.batching}` } : {}),
    ...(serving.monitoringPath === undefined ? {} : { monitoring_config_file: `${directory}/${CONFIG_FILES.monitoring}` }),
    tensorflow_intra_op_parallelism: serving.intraOpParallelism ?? intraOpThreads(serving, command.processorLimit),
    tensorflow_inter_op_parallelism: serving.interOpParallelism,
    enable_model_warmup: serving.modelWarmup ? undefined : false,
    enable_grpc_healthcheck_service: true,
    // By default gRPC connections never end: clients do not find added servers, and a server that ends cuts their requests off.
    grpc_channel_arguments: `grpc.max_connection_age_ms=${500 * drainSeconds}`,
    ...DEFAULT_FLAGS,
    ...inNameOrder(serving.serverFlags),
  };
  return Object.entries(flags).filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${text(value!)}`);
}

/**
 * Returns the number of threads for requests of one protocol.
 *
 * Each request holds a thread until it is answered, even while it waits for its batch to fill. gRPC rejects calls without a free thread
 * (RESOURCE_EXHAUSTED) and uses one thread for polling; REST queues requests, including health checks.
 */
function requestThreads({ batching }: ServingSettings, processors = MANY_PROCESSORS): number {
  const batches = batching && !Token.isUnresolved(batching.maxBatchSize) ? 2 * batching.maxBatchSize : 0;
  return Math.max(FEWEST_THREADS, 4 * Math.ceil(processors), batches);
}

/** TensorFlow would count the whole machine. Threads beyond the CPU limit exhaust the quota early, and then all are throttled. */
function intraOpThreads({ serverFlags }: ServingSettings, processorLimit: number | undefined): number | undefined {
  const decided = ['tensorflow_session_parallelism', 'tensorflow_session_config_file', 'platform_config_file'].some((flag) => flag in serverFlags);
  return decided || processorLimit === undefined ? undefined : Math.ceil(processorLimit);
}

function text(value: string | number | boolean): string {
  return typeof value === 'number' ? Tokenization.stringifyNumber(value) : String(value);
}
