import { Duration } from 'aws-cdk-lib';
import { inNameOrder } from '../private/in-name-order';
import { DEFAULT_GRPC_PORT, DEFAULT_REST_PORT } from './serving-configuration';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';

/** The server's program in the official image, and where the VM path installs it. Its image's entrypoint would not pass signals on. */
export const SERVER_PROGRAM = '/usr/bin/tensorflow_model_server';

/** What a command line needs besides the options. */
export interface ServerCommandOptions {
  /** Directory of models.config, batching.config and monitoring.config. */
  readonly configDirectory: string;
  /** Processors that the server is sure to have; it would count those of the whole machine. */
  readonly processors?: number;
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
  // Clients keep a gRPC connection for ever otherwise, and never find servers that were added.
  grpc_channel_arguments: 'grpc.max_connection_age_ms=300000',
};

/** The arguments of tensorflow_model_server, one for each flag. */
export function serverArguments(options: TensorFlowServingOptions, command: ServerCommandOptions): string[] {
  const { configDirectory: directory, processors } = command;
  const threads = processors === undefined ? undefined : 4 * Math.max(1, Math.ceil(processors));
  const flags: Record<string, string | number | boolean | undefined> = {
    port: options.grpcPort ?? DEFAULT_GRPC_PORT,
    rest_api_port: options.restPort ?? DEFAULT_REST_PORT,
    rest_api_timeout_in_ms: (options.requestTimeout ?? Duration.seconds(30)).toMilliseconds(),
    rest_api_num_threads: options.restApiThreads ?? threads,
    grpc_max_threads: options.grpcMaxThreads ?? threads,
    model_config_file: `${directory}/${CONFIG_FILES.model}`,
    file_system_poll_wait_seconds: (options.fileSystemPollInterval ?? Duration.minutes(1)).toSeconds(),
    ...(options.batching ? { enable_batching: true, batching_parameters_file: `${directory}/${CONFIG_FILES.batching}` } : {}),
    ...(options.monitoring === false ? {} : { monitoring_config_file: `${directory}/${CONFIG_FILES.monitoring}` }),
    tensorflow_intra_op_parallelism: options.intraOpParallelism,
    tensorflow_inter_op_parallelism: options.interOpParallelism,
    enable_model_warmup: options.modelWarmup === false ? false : undefined,
    enable_grpc_healthcheck_service: true,
    ...DEFAULT_FLAGS,
    ...inNameOrder(options.serverFlags),
  };
  return Object.entries(flags).filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${String(value)}`);
}
