import { Annotations, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { CorsOptions } from './cors-options';
import type { ServerCertificate } from './server-certificate';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';

/**
 * Timing of health checks.
 *
 * Health checks share the server's threads with requests, so a server under load responds slowly. Removing it would overload the others,
 * until none is left.
 */
export const HEALTH_CHECK = { intervalSeconds: 30, timeoutSeconds: 20, healthyThreshold: 2, unhealthyThreshold: 5 };

const DEFAULT_PORTS = { grpc: 8500, rest: 8501 };
const DEFAULT_MONITORING_PATH = '/monitoring/prometheus/metrics';

/** Batching options with defaults. Numbers may be tokens. */
export interface BatchingSettings {
  readonly maxBatchSize: number;
  readonly timeoutMicroseconds: number;
  readonly maxEnqueuedBatches: number;
  /** If undefined, as many as the server has processors. */
  readonly threads?: number;
  readonly allowedBatchSizes?: number[];
  readonly padVariableLengthInputs?: boolean;
}

/** A server's options with defaults. Numbers may be tokens. */
export interface ServingSettings {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly requestTimeoutMilliseconds: number;
  /** Undefined without batching. */
  readonly batching?: BatchingSettings;
  /** Path of the metrics; undefined without monitoring. */
  readonly monitoringPath?: string;
  readonly modelWarmup: boolean;
  readonly pollSeconds: number;
  /** If undefined, derived from processors and batch size. */
  readonly restApiThreads?: number;
  readonly grpcMaxThreads?: number;
  readonly intraOpParallelism?: number;
  readonly interOpParallelism?: number;
  /** Threads of the LiteRT server for one request. If undefined, one. */
  readonly threadsPerRequest?: number;
  /** Certificate of both ports. If undefined, they do not encrypt. */
  readonly certificate?: ServerCertificate;
  /** True if the LiteRT server serves the page. */
  readonly explorer: boolean;
  /** Permission for web pages of other origins. If undefined, they have none. */
  readonly cors?: CorsOptions;
  readonly serverFlags: { [flag: string]: unknown };
}

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
    threadsPerRequest: options.threadsPerRequest,
    certificate: options.serverCertificate,
    explorer: options.explorer ?? false,
    cors: options.cors,
    serverFlags: options.serverFlags ?? {},
  };
}

/** Returns only the ports, for checks that run before the other options are checked. */
export function portsOf({ grpcPort, restPort }: TensorFlowServingOptions): Pick<ServingSettings, 'grpcPort' | 'restPort'> {
  return { grpcPort: grpcPort ?? DEFAULT_PORTS.grpc, restPort: restPort ?? DEFAULT_PORTS.rest };
}

/** Returns only the maximum batch size, for the same reason. */
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

/** Returns the scheme of the REST port's URLs. */
export function schemeOf({ certificate }: Pick<ServingSettings, 'certificate'>): 'http' | 'https' {
  return certificate === undefined ? 'http' : 'https';
}

/** Returns a path that answers 200 only if a version is loaded; `/v1/models/<name>` also does if none is. */
export function healthCheckPath(modelName: string): string {
  return `/v1/models/${modelName}/metadata`;
}

/** Notes on the construct that a batch fails as a whole: with batching, clients depend on each other's requests. */
export function noteBatching(scope: Construct, { batching }: { readonly batching?: unknown }): void {
  if (batching) {
    Annotations.of(scope).addInfoV2('cdk-tensorflow:SharedBatches', 'batching combines the requests of several clients, and a request that the model cannot '
      + 'take fails all requests of its batch (400): let clients check what they send, or leave batching out where they do not trust each other');
  }
}
