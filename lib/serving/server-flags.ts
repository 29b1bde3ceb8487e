/** The server's types for flag values. */
export type FlagType = 'bool' | 'int32' | 'int64' | 'float' | 'string';

/** One flag of tensorflow_model_server. */
export interface ServerFlag {
  readonly type: FlagType;
  readonly default: string | number | boolean;
  /** If the library sets the flag: a hint on how to change it. */
  readonly decidedBy?: string;
  /** Flags that have no effect or stop the server in combination with this one. */
  readonly excludes?: string[];
}

/** The server's default for numbers of threads. */
const PROCESSORS = 4;

/**
 * The flags of tensorflow_model_server 2.20.0, from main.cc and server.h.
 *
 * Names and types are checked here because the server only prints `unknown argument` and starts anyway.
 */
export const SERVER_FLAGS: Readonly<Record<string, ServerFlag>> = {
  port: { type: 'int32', default: 8500, decidedBy: 'use grpcPort' },
  grpc_socket_path: { type: 'string', default: '', decidedBy: 'clients reach the server by its port' },
  rest_api_port: { type: 'int32', default: 0, decidedBy: 'use restPort' },
  rest_api_num_threads: { type: 'int32', default: PROCESSORS, decidedBy: 'use restApiThreads' },
  rest_api_timeout_in_ms: { type: 'int32', default: 30_000, decidedBy: 'use requestTimeout' },
  rest_api_enable_cors_support: { type: 'bool', default: false },
  grpc_max_threads: { type: 'int32', default: PROCESSORS, decidedBy: 'use grpcMaxThreads' },
  grpc_channel_arguments: { type: 'string', default: '' },
  model_name: { type: 'string', default: 'default', decidedBy: 'use modelName' },
  model_base_path: { type: 'string', default: '', decidedBy: 'the model configuration names the directory that the model is mounted at' },
  model_config_file: { type: 'string', default: '', decidedBy: 'the library writes the model configuration' },
  model_config_file_poll_wait_seconds: { type: 'int32', default: 0, decidedBy: 'a server serves the version that it was started for' },
  file_system_poll_wait_seconds: { type: 'int32', default: 1, decidedBy: 'use fileSystemPollInterval' },
  max_num_load_retries: { type: 'int32', default: 5 },
  load_retry_interval_micros: { type: 'int64', default: 60_000_000 },
  num_load_threads: { type: 'int32', default: 0 },
  num_unload_threads: { type: 'int32', default: 0 },
  enable_batching: { type: 'bool', default: false, decidedBy: 'use batching' },
  batching_parameters_file: { type: 'string', default: '', decidedBy: 'use batching and the properties that belong to it' },
  enable_per_model_batching_parameters: { type: 'bool', default: false },
  allow_version_labels_for_unavailable_models: { type: 'bool', default: false },
  monitoring_config_file: { type: 'string', default: '', decidedBy: 'use monitoring and monitoringPath' },
  ssl_config_file: { type: 'string', default: '' },
  use_alts_credentials: { type: 'bool', default: false, excludes: ['ssl_config_file'] },
  enable_grpc_healthcheck_service: { type: 'bool', default: false, decidedBy: 'health checks need it' },
  enable_model_warmup: { type: 'bool', default: true, decidedBy: 'use modelWarmup' },
  num_request_iterations_for_warmup: { type: 'int32', default: 0 },
  tensorflow_session_parallelism: {
    type: 'int64', default: 0, excludes: ['tensorflow_intra_op_parallelism', 'tensorflow_inter_op_parallelism'],
  },
  tensorflow_intra_op_parallelism: { type: 'int64', default: 0, decidedBy: 'use intraOpParallelism' },
  tensorflow_inter_op_parallelism: { type: 'int64', default: 0, decidedBy: 'use interOpParallelism' },
  tensorflow_session_config_file: { type: 'string', default: '' },
  platform_config_file: {
    type: 'string',
    default: '',
    excludes: ['enable_batching', 'tensorflow_session_parallelism', 'tensorflow_intra_op_parallelism', 'tensorflow_inter_op_parallelism'],
  },
  thread_pool_factory_config_file: { type: 'string', default: '' },
  saved_model_tags: { type: 'string', default: 'serve' },
  flush_filesystem_caches: { type: 'bool', default: true },
  prefer_tflite_model: { type: 'bool', default: false },
  num_tflite_pools: { type: 'int32', default: PROCESSORS },
  num_tflite_interpreters_per_pool: { type: 'int32', default: 1 },
  enable_profiler: { type: 'bool', default: true },
  per_process_gpu_memory_fraction: { type: 'float', default: 0 },
  mixed_precision: { type: 'string', default: '' },
  xla_cpu_compilation_enabled: { type: 'bool', default: false },
  xla_gpu_compilation_enabled: { type: 'bool', default: false },
  remove_unused_fields_from_bundle_metagraph: { type: 'bool', default: true },
  enable_signature_method_name_check: { type: 'bool', default: false },
  enable_serialization_as_tensor_content: { type: 'bool', default: false },
  skip_initialize_tpu: { type: 'bool', default: false },
  version: { type: 'bool', default: false, decidedBy: 'the server prints its version and ends' },
};
