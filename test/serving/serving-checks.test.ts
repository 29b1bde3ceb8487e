import { Duration, Lazy } from 'aws-cdk-lib';
import { SERVER_FLAGS } from '../../lib/serving/server-flags';
import { checkServingOptions } from '../../lib/serving/serving-checks';
import type { TensorFlowServingOptions } from '../../lib/serving/tensorflow-serving-options';

describe('checkServingOptions', () => {
  test('knows all 48 flags of the server', () => {
    expect(Object.keys(SERVER_FLAGS)).toHaveLength(48);
  });

  test('accepts the defaults', () => {
    expect(checkServingOptions({})).toEqual([]);
  });

  test.each<[string, TensorFlowServingOptions]>([
    ['ports of the user', { grpcPort: 9000, restPort: 9001 }],
    ['all of batching', {
      batching: true, maxBatchSize: 8, batchTimeout: Duration.millis(0), maxEnqueuedBatches: 5, numBatchThreads: 2,
      allowedBatchSizes: [1, 4, 8], padVariableLengthInputs: true,
    }],
    ['batch sizes that end with the default', { batching: true, allowedBatchSizes: [8, 32] }],
    ['a flag as a boolean, a number and a text', { serverFlags: { xla_cpu_compilation_enabled: true, num_load_threads: 2, saved_model_tags: 'serve,gpu' } }],
    ['a flag\'s value as a text', { serverFlags: { xla_cpu_compilation_enabled: 'false', load_retry_interval_micros: '60000000' } }],
    ['a flag whose value is a token', { serverFlags: { num_load_threads: Lazy.string({ produce: () => '2' }) } }],
    ['arguments of gRPC channels', { serverFlags: { grpc_channel_arguments: 'grpc.max_connection_age_ms=1000,grpc.keepalive_time_ms=5' } }],
    ['the longest a REST request may take', { requestTimeout: Duration.millis(2 ** 31 - 1) }],
    ['the shortest poll', { fileSystemPollInterval: Duration.seconds(30) }],
  ])('accepts %s', (_, options) => {
    expect(checkServingOptions(options)).toEqual([]);
  });

  test.each<[string, TensorFlowServingOptions, RegExp]>([
    ['equal ports', { grpcPort: 9000, restPort: 9000 }, /grpcPort and restPort must differ, got 9000/],
    ['the default port for the other', { restPort: 8500 }, /must differ, got 8500/],
    ['a port that needs root', { restPort: 80 }, /restPort must be between 1024 and 65535, got 80/],
    ['a port that is none', { grpcPort: 65_536 }, /grpcPort must be between/],
    ['a flag that does not exist, with the one that was meant', { serverFlags: { enable_profile: true } }, /enable_profile"\] is no flag .* did you mean enable_profiler\?/],
    ['a flag that resembles none', { serverFlags: { make_it_fast: true } }, /leave it out/],
    ['the flag that TensorFlow 1 had', { serverFlags: { use_tflite_model: true } }, /is no flag of tensorflow_model_server/],
    ['a name that every object has', { serverFlags: { constructor: 'x' } }, /is no flag of/],
    ['hyphens in front', { serverFlags: { '--num_load_threads': 1 } }, /write "num_load_threads"/],
    ['a text for a number', { serverFlags: { num_load_threads: 'two' } }, /must be a whole number of 32 bits, got "two"/],
    ['a number that is too large', { serverFlags: { num_load_threads: 2 ** 31 } }, /whole number of 32 bits/],
    ['a number for a boolean', { serverFlags: { enable_profiler: 1 } }, /must be true or false, got 1/],
    ['a text of two lines', { serverFlags: { mixed_precision: 'a\nb' } }, /a text of one line/],
    ['a fraction above one', { serverFlags: { per_process_gpu_memory_fraction: 1.5 } }, /between 0 and 1/],
    ['gRPC arguments without a value', { serverFlags: { grpc_channel_arguments: 'grpc.x' } }, /name=value/],
    ['a port by its flag', { serverFlags: { rest_api_port: 80 } }, /must not be set: use restPort/],
    ['a base path by its flag', { serverFlags: { model_base_path: 's3://models' } }, /must not be set: the model configuration/],
    ['parallelism in two ways', { intraOpParallelism: 2, serverFlags: { tensorflow_session_parallelism: 2 } }, /exclude each other/],
    ['a platform configuration with batching', { batching: true, serverFlags: { platform_config_file: '/x' } }, /"platform_config_file"\] and batching exclude each other/],
    ['threads of the other server', { threadsPerRequest: 2 }, /^threadsPerRequest is an option of ModelServer\.LITERT: use intraOpParallelism/],
    ['pages of other origins', { cors: { allowedOrigins: ['https://a.example'] } }, /^cors needs ModelServer\.LITERT: set server to it, .*rest_api_enable_cors_support: true/],
    ['a page', { explorer: true }, /^explorer needs ModelServer\.LITERT: set server to it, or leave explorer out/],
    ['two ways to encrypt', { serverFlags: { use_alts_credentials: true, ssl_config_file: '/x' } }, /exclude each other/],
    ['batching of each model without batching', { serverFlags: { enable_per_model_batching_parameters: true } }, /has no effect without batching/],
    ['a batch size without batching', { maxBatchSize: 4 }, /maxBatchSize has no effect without batching/],
    ['a batch of none', { batching: true, maxBatchSize: 0 }, /maxBatchSize must be between 1/],
    ['batch sizes that do not end with the largest', { batching: true, maxBatchSize: 8, allowedBatchSizes: [1, 4] }, /end with maxBatchSize, 8/],
    ['batch sizes that do not grow', { batching: true, maxBatchSize: 8, allowedBatchSizes: [4, 2, 8] }, /must grow/],
    ['no batch sizes', { batching: true, allowedBatchSizes: [] }, /must grow/],
    ['a minute and more for a batch', { batching: true, batchTimeout: Duration.seconds(61) }, /batchTimeout/],
    ['a wait for a batch as a token', { batching: true, batchTimeout: Duration.millis(Lazy.number({ produce: () => 2 })) }, /batchTimeout must be known/],
    ['a poll that costs', { fileSystemPollInterval: Duration.seconds(1) }, /between 30 and 86400, got 1/],
    ['a path of metrics that is none', { monitoringPath: 'metrics' }, /a path that starts with \//],
    ['a path of metrics that nobody offers', { monitoring: false, monitoringPath: '/m' }, /no effect without monitoring/],
    ['no threads', { restApiThreads: 0 }, /restApiThreads must be between 1/],
    ['a gRPC server whose only thread looks for requests', { grpcMaxThreads: 1 }, /grpcMaxThreads must be between 2 .*one of them only looks for requests/],
    ['half a thread', { grpcMaxThreads: 1.5 }, /whole number/],
    ['no operations at a time', { interOpParallelism: 0 }, /interOpParallelism/],
    ['no time', { requestTimeout: Duration.millis(0) }, /requestTimeout in milliseconds must be between 1/],
  ])('refuses %s', (_, options, message) => {
    const problems = checkServingOptions(options);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  test('names all problems at once', () => {
    expect(checkServingOptions({ restPort: 1, maxBatchSize: 2, serverFlags: { nonsense_flag_name: 1, enable_profiler: 'x' } })).toHaveLength(4);
  });
});
