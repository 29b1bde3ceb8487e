import { Token, Tokenization } from 'aws-cdk-lib';
import { inNameOrder } from '../private/in-name-order';
import type { ServingSettings } from './serving-settings';

/** The server's program in the official image, and where the VM path installs it. Its image's entrypoint would not pass signals on. */
export const SERVER_PROGRAM = '/usr/bin/tensorflow_model_server';

/** The circumstances of a command line. */
export interface ServerCommandOptions {
  /** Directory of models.config, batching.config and monitoring.config. */
  readonly configDirectory: string;
  /** Processors that the server is sure to have, where they are known; it would count those of the whole machine. */
  readonly processors?: number;
  /** Processors that it cannot have more of. */
  readonly processorLimit?: number;
  /** How long connections may still go on when the server is about to end. */
  readonly drainSeconds: number;
}

/** Names of the configuration files in their directory. */
export const CONFIG_FILES = { model: 'models.config', batching: 'batching.config', monitoring: 'monitoring.config' };

/** Flags that `serverFlags` may change. */
const DEFAULT_FLAGS: Record<string, string | number | boolean> = {
  // It is on by default, and lets whoever reaches the port profile the server.
  enable_profiler: false,
  // A version that does not load should fail soon: by default the server tries for more than five minutes.
  max_num_load_retries: 1,
  load_retry_interval_micros: 5_000_000,
};

/** Fewer would refuse or hold up requests that the processors are not even busy with. */
const FEWEST_THREADS = 64;
/** As many as a machine has whose processors are not known. More cost nothing there but memory. */
const MANY_PROCESSORS = 64;

/** The arguments of tensorflow_model_server, one for each flag. */
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
    // Clients keep a gRPC connection for ever otherwise: they never find servers that were added, and one that ends cuts their requests off.
    grpc_channel_arguments: `grpc.max_connection_age_ms=${500 * drainSeconds}`,
    ...DEFAULT_FLAGS,
    ...inNameOrder(serving.serverFlags),
  };
  return Object.entries(flags).filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${text(value!)}`);
}

/**
 * How many requests of a kind are answered at the same time.
 *
 * Each holds a thread until its answer is there, also while it only waits for others to fill its batch. gRPC refuses calls for which there is no
 * thread (RESOURCE_EXHAUSTED), and keeps one thread to look for calls; REST lets requests wait, and with them the health checks.
 */
function requestThreads({ batching }: ServingSettings, processors = MANY_PROCESSORS): number {
  const batches = batching && !Token.isUnresolved(batching.maxBatchSize) ? 2 * batching.maxBatchSize : 0;
  return Math.max(FEWEST_THREADS, 4 * Math.ceil(processors), batches);
}

/** TensorFlow counts all processors of the machine. More threads than the server may use at once use its share up early, and then all of them wait. */
function intraOpThreads({ serverFlags }: ServingSettings, processorLimit: number | undefined): number | undefined {
  const decided = ['tensorflow_session_parallelism', 'tensorflow_session_config_file', 'platform_config_file'].some((flag) => flag in serverFlags);
  return decided || processorLimit === undefined ? undefined : Math.ceil(processorLimit);
}

function text(value: string | number | boolean): string {
  return typeof value === 'number' ? Tokenization.stringifyNumber(value) : String(value);
}
