import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import { serverArguments } from '../../lib/serving/server-command';
import { SERVER_FLAGS } from '../../lib/serving/server-flags';
import { servingSettings } from '../../lib/serving/serving-settings';
import type { TensorFlowServingOptions } from '../../lib/serving/tensorflow-serving-options';

const flagsOf = (options: TensorFlowServingOptions, processors?: number) => Object.fromEntries(
  serverArguments(servingSettings(options), { configDirectory: '/etc/serving', processors, drainSeconds: 120 }).map((argument) => /^--([a-z_]+)=(.*)$/.exec(argument)!.slice(1)),
);

describe('serverArguments', () => {
  test('by default: both ports, metrics, no profiler, a version that fails to load fails soon', () => {
    expect(flagsOf({})).toEqual({
      port: '8500',
      rest_api_port: '8501',
      rest_api_timeout_in_ms: '30000',
      rest_api_num_threads: '256',
      grpc_max_threads: '256',
      model_config_file: '/etc/serving/models.config',
      file_system_poll_wait_seconds: '60',
      monitoring_config_file: '/etc/serving/monitoring.config',
      enable_grpc_healthcheck_service: 'true',
      enable_profiler: 'false',
      max_num_load_retries: '1',
      load_retry_interval_micros: '5000000',
      grpc_channel_arguments: 'grpc.max_connection_age_ms=60000',
    });
  });

  test.each<[string, TensorFlowServingOptions, Record<string, string>]>([
    ['grpcPort', { grpcPort: 9000 }, { port: '9000' }],
    ['restPort', { restPort: 9001 }, { rest_api_port: '9001' }],
    ['requestTimeout', { requestTimeout: Duration.seconds(5) }, { rest_api_timeout_in_ms: '5000' }],
    ['batching', { batching: true }, { enable_batching: 'true', batching_parameters_file: '/etc/serving/batching.config' }],
    ['modelWarmup', { modelWarmup: false }, { enable_model_warmup: 'false' }],
    ['restApiThreads', { restApiThreads: 9 }, { rest_api_num_threads: '9' }],
    ['grpcMaxThreads', { grpcMaxThreads: 9 }, { grpc_max_threads: '9' }],
    ['intraOpParallelism', { intraOpParallelism: 2 }, { tensorflow_intra_op_parallelism: '2' }],
    ['interOpParallelism', { interOpParallelism: 3 }, { tensorflow_inter_op_parallelism: '3' }],
    ['fileSystemPollInterval', { fileSystemPollInterval: Duration.minutes(5) }, { file_system_poll_wait_seconds: '300' }],
    ['a flag by its name', { serverFlags: { enable_profiler: true, num_load_threads: 2 } }, { enable_profiler: 'true', num_load_threads: '2' }],
  ])('%s reaches the server', (_, options, expected) => {
    expect(flagsOf(options)).toMatchObject(expected);
  });

  test('a gRPC connection ends by itself in half the time that a stopping server allows', () => {
    expect(serverArguments(servingSettings({}), { configDirectory: '/etc/serving', drainSeconds: 30 })).toContain('--grpc_channel_arguments=grpc.max_connection_age_ms=15000');
    expect(flagsOf({ serverFlags: { grpc_channel_arguments: 'grpc.keepalive_time_ms=5' } })).toMatchObject({ grpc_channel_arguments: 'grpc.keepalive_time_ms=5' });
  });

  test('without monitoring there is no monitoring configuration', () => {
    expect(flagsOf({ monitoring: false })).not.toHaveProperty('monitoring_config_file');
  });

  test('a request without a free thread is refused, so there are many threads, even for one processor', () => {
    expect(flagsOf({}, 0.25)).toMatchObject({ rest_api_num_threads: '64', grpc_max_threads: '64' });
    expect(flagsOf({}, 2.5)).toMatchObject({ rest_api_num_threads: '64', grpc_max_threads: '64' });
    expect(flagsOf({ restApiThreads: 1 }, 2)).toMatchObject({ rest_api_num_threads: '1', grpc_max_threads: '64' });
  });

  test('threads follow the processors that the server is guaranteed, not those of its machine', () => {
    expect(flagsOf({}, 47.5)).toMatchObject({ rest_api_num_threads: '192', grpc_max_threads: '192' });
  });

  test('two batches can fill, whose requests each hold a thread', () => {
    expect(flagsOf({ batching: true, maxBatchSize: 100 }, 1)).toMatchObject({ rest_api_num_threads: '200', grpc_max_threads: '200' });
    expect(flagsOf({ batching: true, maxBatchSize: Lazy.number({ produce: () => 100 }) }, 1)).toMatchObject({ grpc_max_threads: '64' });
  });

  test('a number that is known only at deployment reaches the server', () => {
    const stack = new Stack();

    expect(stack.resolve(flagsOf({ grpcMaxThreads: Lazy.number({ produce: () => 9 }) }).grpc_max_threads)).toBe('9');
  });

  test('there are no more computing threads than processors that the server may use at once', () => {
    const computing = (options: TensorFlowServingOptions, processorLimit?: number) => serverArguments(servingSettings(options), {
      configDirectory: '/etc/serving', drainSeconds: 120, processorLimit,
    }).filter((argument) => argument.includes('intra_op'));

    expect(computing({}, 1.5)).toEqual(['--tensorflow_intra_op_parallelism=2']);
    expect(computing({})).toEqual([]);
    expect(computing({ intraOpParallelism: 7 }, 1.5)).toEqual(['--tensorflow_intra_op_parallelism=7']);
    for (const flag of ['tensorflow_session_parallelism', 'tensorflow_session_config_file', 'platform_config_file']) {
      expect(computing({ serverFlags: { [flag]: 2 } }, 1.5)).toEqual([]);
    }
  });

  test('passes no flag that the server does not know', () => {
    const everything = flagsOf({ batching: true, modelWarmup: false, restApiThreads: 1, intraOpParallelism: 1, interOpParallelism: 1 }, 1);

    expect(Object.keys(everything).filter((name) => !(name in SERVER_FLAGS))).toEqual([]);
  });
});
