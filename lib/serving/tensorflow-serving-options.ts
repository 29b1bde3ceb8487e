import type { Duration } from 'aws-cdk-lib';
import type { CorsOptions } from './cors-options';
import type { ServerCertificate } from './server-certificate';

/** Options of TensorFlow Serving, the same on Kubernetes and on virtual machines. */
export interface TensorFlowServingOptions {
  /**
   * Port for gRPC.
   *
   * @default 8500
   */
  readonly grpcPort?: number;

  /**
   * Port for REST, health checks and metrics.
   *
   * @default 8501
   */
  readonly restPort?: number;

  /**
   * Maximum time to process one REST request.
   *
   * @default Duration.seconds(30)
   */
  readonly requestTimeout?: Duration;

  /**
   * Combine concurrent requests into batches. Useful if the model gains from batches; adds latency.
   *
   * @see https://github.com/tensorflow/serving/blob/master/tensorflow_serving/batching/README.md
   * @default false
   */
  readonly batching?: boolean;

  /**
   * Maximum number of input instances in a batch.
   *
   * @default 32 with `batching`
   */
  readonly maxBatchSize?: number;

  /**
   * Maximum time that a batch waits to fill.
   *
   * @default - one millisecond with `batching`
   */
  readonly batchTimeout?: Duration;

  /**
   * Maximum number of batches in the queue. Further requests are rejected.
   *
   * @default 100 with `batching`
   */
  readonly maxEnqueuedBatches?: number;

  /**
   * Number of batches processed in parallel.
   *
   * @default - the number of processors of the machine, or `cpuLimit`
   */
  readonly numBatchThreads?: number;

  /**
   * Batch sizes to pad to, in ascending order; the last is `maxBatchSize`.
   *
   * @default - every size
   */
  readonly allowedBatchSizes?: number[];

  /**
   * Pad inputs of different lengths to the longest in their batch.
   *
   * @default false
   */
  readonly padVariableLengthInputs?: boolean;

  /**
   * Expose Prometheus metrics on the REST port.
   *
   * @default true
   */
  readonly monitoring?: boolean;

  /**
   * Path of the metrics.
   *
   * @default '/monitoring/prometheus/metrics'
   */
  readonly monitoringPath?: string;

  /**
   * Run the model's warm-up requests (assets.extra/tf_serving_warmup_requests) before the server accepts requests.
   *
   * @default true
   */
  readonly modelWarmup?: boolean;

  /**
   * Number of threads for REST requests. Further requests wait.
   *
   * @default - the largest of 64, four per processor and, with `batching`, twice `maxBatchSize`. A virtual machine counts as having 64 processors
   */
  readonly restApiThreads?: number;

  /**
   * Maximum number of threads for gRPC requests. One polls for requests; requests without a free thread are rejected with RESOURCE_EXHAUSTED.
   *
   * @default - the largest of 64, four per processor and, with `batching`, twice `maxBatchSize`. A virtual machine counts as having 64 processors
   */
  readonly grpcMaxThreads?: number;

  /**
   * Number of threads for one operation.
   *
   * @default - the number of processors of the machine, or `cpuLimit`
   */
  readonly intraOpParallelism?: number;

  /**
   * Number of operations that run in parallel.
   *
   * @default - the number of processors that TensorFlow detects
   */
  readonly interOpParallelism?: number;

  /**
   * Number of threads that compute one request in the LiteRT server. A large model answers sooner with more, and answers fewer requests at once:
   * the report of its build says what a second thread brings. `workers` times these are at most the processors of the pod or instance.
   *
   * @default 1
   */
  readonly threadsPerRequest?: number;

  /**
   * Certificate by which both ports encrypt their connections, health checks and metrics included. Needs `ModelServer.LITERT`.
   *
   * Clients have to be told to encrypt, and health checks change with it. Do not give it to an endpoint that serves: deploy a second one, move the clients,
   * and remove the first. Clients are asked for no certificate, because health checks have none.
   *
   * @default - connections are not encrypted
   */
  readonly serverCertificate?: ServerCertificate;

  /**
   * Serve a page that sends predict requests from a browser, at `/v1/models/<name>/explorer` of the REST port. Needs `ModelServer.LITERT`.
   *
   * Whoever reaches the port can use it, as they can predict. Without this property `cdk-tensorflow open` serves the same page on your machine.
   *
   * @default false
   */
  readonly explorer?: boolean;

  /**
   * Let web pages of other origins send REST requests and read the answers. Needs `ModelServer.LITERT`, which answers preflight requests itself,
   * before any model.
   *
   * It protects users of browsers, and is no authentication: other clients send what they like. The metrics are for no page.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS
   * @default - pages of no other origin
   */
  readonly cors?: CorsOptions;

  /**
   * Time between two checks that the version's directory exists. At least 30 seconds, because each check may list a bucket.
   *
   * @default Duration.minutes(1)
   */
  readonly fileSystemPollInterval?: Duration;

  /**
   * Other flags of tensorflow_model_server, by name without leading hyphens. Values are strings, numbers or booleans.
   *
   * @see https://github.com/tensorflow/serving/blob/master/tensorflow_serving/model_servers/main.cc
   * @default - profiler off, two attempts to load a model, gRPC connections renewed every five minutes
   */
  readonly serverFlags?: { [flag: string]: unknown };
}
