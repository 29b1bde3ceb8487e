import { readFileSync } from 'fs';
import { Duration, Lazy } from 'aws-cdk-lib';
import { checkLiteRtOptions, threadProblems } from '../../lib/serving/litert-checks';
import { LITERT_FLAGS } from '../../lib/serving/litert-flags';
import type { TensorFlowServingOptions } from '../../lib/serving/tensorflow-serving-options';

describe('checkLiteRtOptions', () => {
  test('knows every flag that the program has', () => {
    const source = readFileSync('server/src/server/flags.rs', 'utf8');
    const flags = [...source.matchAll(/^ {4}pub (\w+):/gm)].map(([, name]) => name);

    expect(flags.length).toBeGreaterThan(20);
    expect(Object.keys(LITERT_FLAGS).sort()).toEqual([...flags, 'version'].sort());
  });

  test('accepts the defaults', () => {
    expect(checkLiteRtOptions({})).toEqual([]);
  });

  test.each<[string, TensorFlowServingOptions]>([
    ['what both servers have', {
      grpcPort: 9000, restPort: 9001, requestTimeout: Duration.seconds(5), monitoring: true, monitoringPath: '/metrics',
    }],
    ['flags of its own', { serverFlags: { workers: 2, memory_limit_in_mib: 256, queue_size: 0, max_request_bytes: 1, io_threads: 1, log_level: 'debug', access_log: true } }],
    ['a collector of spans', { serverFlags: { otlp_endpoint: 'http://collector.observability:4318', otlp_sample_rate: 0.01 } }],
    ['a collector behind a path', { serverFlags: { otlp_endpoint: 'https://collector.example.com/otlp/' } }],
    ['a collector that is a token', { serverFlags: { otlp_endpoint: Lazy.string({ produce: () => 'http://a' }), otlp_sample_rate: Lazy.number({ produce: () => 1 }) } }],
    ['a flag whose value is a token', { serverFlags: { workers: Lazy.number({ produce: () => 2 }), queue_size: Lazy.string({ produce: () => '8' }) } }],
  ])('accepts %s', (_, options) => {
    expect(checkLiteRtOptions(options)).toEqual([]);
  });

  test.each<[string, TensorFlowServingOptions, RegExp]>([
    ['batching', { batching: true }, /^batching is an option of TensorFlow Serving that ModelServer\.LITERT lacks: .* ModelServer\.TENSORFLOW_SERVING$/],
    ['no batching, which is no choice', { batching: false }, /^batching is an option/],
    ['the size of batches', { maxBatchSize: 8 }, /^maxBatchSize .* leave it out/],
    ['a time for batches', { batchTimeout: Duration.millis(1) }, /^batchTimeout .* leave it out/],
    ['a queue of batches', { maxEnqueuedBatches: 3 }, /^maxEnqueuedBatches .* serverFlags: \{ queue_size: … \}$/],
    ['threads for batches', { numBatchThreads: 3 }, /^numBatchThreads .* serverFlags: \{ workers: … \}$/],
    ['sizes of batches', { allowedBatchSizes: [1] }, /^allowedBatchSizes /],
    ['padding', { padVariableLengthInputs: true }, /^padVariableLengthInputs .* fixed shapes/],
    ['warm-up', { modelWarmup: true }, /^modelWarmup .* leave it out$/],
    ['threads of REST', { restApiThreads: 3 }, /^restApiThreads .* io_threads/],
    ['threads of gRPC', { grpcMaxThreads: 3 }, /^grpcMaxThreads .* io_threads/],
    ['threads of an operation', { intraOpParallelism: 2 }, /^intraOpParallelism .* workers/],
    ['parallel operations', { interOpParallelism: 2 }, /^interOpParallelism .* workers/],
    ['polling', { fileSystemPollInterval: Duration.minutes(1) }, /^fileSystemPollInterval .* leave it out$/],
    ['no metrics', { monitoring: false }, /^monitoring cannot be switched off/],
    ['a platform configuration', { serverFlags: { platform_config_file: '/x' } }, /"platform_config_file"\] is a flag of TensorFlow Serving that ModelServer\.LITERT lacks/],
    ['a flag that resembles one', { serverFlags: { worker: 2 } }, /is no flag of model_server, which would not start: did you mean workers\?/],
    ['a flag that resembles none', { serverFlags: { make_it_fast: true } }, /leave it out/],
    ['what is verified', { serverFlags: { allow_unverified_files: true } }, /must not be set: every file that is served has a checksum/],
    ['a certificate by its flags', { serverFlags: { tls_key_file: '/x' } }, /must not be set: use serverCertificate/],
    ['no time between two looks at a certificate', { serverFlags: { tls_secret_refresh_in_seconds: 0 } }, /"tls_secret_refresh_in_seconds"\] must be at least 1, got 0/],
    ['a port by its flag', { serverFlags: { port: 80 } }, /must not be set: use grpcPort/],
    ['a text for a number', { serverFlags: { workers: 'two' } }, /must be a whole number of 32 bits, got "two"/],
    ['the page by its flag', { serverFlags: { explorer: true } }, /must not be set: use explorer/],
    ['pages by their flag', { serverFlags: { cors_allow_origins: '*' } }, /must not be set: use cors/],
    ['pages of no origin', { cors: { allowedOrigins: [] } }, /^cors\.allowedOrigins must have from 1 to 100 entries, got 0: leave cors out/],
    ['no thread', { threadsPerRequest: 0 }, /^threadsPerRequest must be between 1/],
    ['threads by their flag', { serverFlags: { threads_per_request: 2 } }, /must not be set: use threadsPerRequest/],
    ['no workers', { serverFlags: { workers: 0 } }, /"workers"\] must be at least 1, got 0/],
    ['less than no queue', { serverFlags: { queue_size: -1 } }, /"queue_size"\] must be at least 0, got -1/],
    ['an access log that is neither on nor off', { serverFlags: { access_log: 'json' } }, /must be true or false, got "json"/],
    ['another level of logging', { serverFlags: { log_level: 'loud' } }, /must be error, warn, info or debug, got "loud"/],
    ['a collector without a scheme', { serverFlags: { otlp_endpoint: 'collector:4318' } }, /"otlp_endpoint"\] must be http:\/\/HOST:PORT or https:\/\/HOST, .*, got "collector:4318"/],
    ['a collector of another protocol', { serverFlags: { otlp_endpoint: 'grpc://collector:4317' } }, /"otlp_endpoint"\] must be http/],
    ['no share of spans', { serverFlags: { otlp_endpoint: 'http://a', otlp_sample_rate: 0 } }, /"otlp_sample_rate"\] must be above 0 and at most 1, got 0/],
    ['spans for nobody', { serverFlags: { otlp_sample_rate: 0.5 } }, /"otlp_sample_rate"\] needs a collector: give otlp_endpoint/],
    ['equal ports', { grpcPort: 9000, restPort: 9000 }, /grpcPort and restPort must differ/],
    ['a path of metrics that is none', { monitoringPath: 'metrics' }, /monitoringPath must be a path that starts with \//],
    ['no time for a request', { requestTimeout: Duration.millis(0) }, /requestTimeout in milliseconds/],
  ])('refuses %s', (_, options, problem) => {
    expect(checkLiteRtOptions(options)).toEqual([expect.stringMatching(problem)]);
  });

  test('reports everything at once', () => {
    const options = { batching: true, modelWarmup: false, serverFlags: { workers: 0, xla_cpu_compilation_enabled: true }, restPort: 80 };

    expect(checkLiteRtOptions(options)).toHaveLength(5);
  });
});

describe('threadProblems', () => {
  test.each<[string, TensorFlowServingOptions, number | undefined]>([
    ['one thread, whatever the workers', { serverFlags: { workers: 9 } }, 2],
    ['as many as there are processors', { threadsPerRequest: 2, serverFlags: { workers: 2 } }, 4],
    ['as many as there are begun processors', { threadsPerRequest: 2 }, 1.5],
    ['any number where the processors are not known', { threadsPerRequest: 8, serverFlags: { workers: 8 } }, undefined],
    ['a token', { threadsPerRequest: Lazy.number({ produce: () => 9 }) }, 2],
    ['workers that are a token', { threadsPerRequest: 2, serverFlags: { workers: Lazy.string({ produce: () => '9' }) } }, 2],
  ])('accepts %s', (_, options, processors) => {
    expect(threadProblems(options, processors)).toEqual([]);
  });

  test('refuses more threads than processors, and names both numbers', () => {
    expect(threadProblems({ threadsPerRequest: 2, serverFlags: { workers: 3 } }, 4))
      .toEqual(['threadsPerRequest times serverFlags["workers"] is 2 × 3, more than the 4 processors of the server: lower one of them']);
    expect(threadProblems({ threadsPerRequest: 3 }, 2)).toHaveLength(1);
  });
});
