import type { Duration } from 'aws-cdk-lib';

/** How TensorFlow Serving serves a model. The same on Kubernetes and on virtual machines. */
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
   * How long the server may take over one REST request.
   *
   * @default Duration.seconds(30)
   */
  readonly requestTimeout?: Duration;

  /**
   * Whether the server puts requests that come together into one batch. Pays where the model gains from batches, and costs latency.
   *
   * @see https://github.com/tensorflow/serving/blob/master/tensorflow_serving/batching/README.md
   * @default false
   */
  readonly batching?: boolean;

  /**
   * The most instances in a batch.
   *
   * @default 32 with `batching`
   */
  readonly maxBatchSize?: number;

  /**
   * How long a batch waits to become full.
   *
   * @default - one millisecond with `batching`
   */
  readonly batchTimeout?: Duration;

  /**
   * How many batches may wait. Further requests are refused.
   *
   * @default 100 with `batching`
   */
  readonly maxEnqueuedBatches?: number;

  /**
   * How many batches are worked on at the same time.
   *
   * @default - as many as the machine has processors; with a `cpuLimit` as many as that
   */
  readonly numBatchThreads?: number;

  /**
   * The sizes that batches are filled up to, growing; the last one is `maxBatchSize`.
   *
   * @default - every size
   */
  readonly allowedBatchSizes?: number[];

  /**
   * Whether inputs of different lengths are filled up to the longest of their batch.
   *
   * @default false
   */
  readonly padVariableLengthInputs?: boolean;

  /**
   * Whether the server offers metrics for Prometheus on the REST port.
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
   * Whether requests that come with the model (assets.extra/tf_serving_warmup_requests) are answered before the first client's.
   *
   * @default true
   */
  readonly modelWarmup?: boolean;

  /**
   * Threads that answer REST requests. Further requests wait.
   *
   * @default - 64, or what is more: four for each processor, twice `maxBatchSize` with `batching`. A virtual machine counts as one with 64 processors
   */
  readonly restApiThreads?: number;

  /**
   * The most threads that answer gRPC requests. One of them looks for requests, and what finds no other is refused with RESOURCE_EXHAUSTED.
   *
   * @default - 64, or what is more: four for each processor, twice `maxBatchSize` with `batching`. A virtual machine counts as one with 64 processors
   */
  readonly grpcMaxThreads?: number;

  /**
   * Threads that work on one operation.
   *
   * @default - as many as the machine has processors; with a `cpuLimit` as many as that
   */
  readonly intraOpParallelism?: number;

  /**
   * Operations that are worked on at the same time.
   *
   * @default - as many as TensorFlow sees processors
   */
  readonly interOpParallelism?: number;

  /**
   * How often the server looks whether the version's directory is still there. At least 30 seconds: each look lists a bucket.
   *
   * @default Duration.minutes(1)
   */
  readonly fileSystemPollInterval?: Duration;

  /**
   * Any other flag of tensorflow_model_server, by its name without hyphens in front. Values are texts, numbers or booleans.
   *
   * @see https://github.com/tensorflow/serving/blob/master/tensorflow_serving/model_servers/main.cc
   * @default - profiler off, two attempts to load a model, gRPC connections renewed every five minutes
   */
  readonly serverFlags?: { [flag: string]: unknown };
}
