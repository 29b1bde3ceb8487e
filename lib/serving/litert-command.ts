import { Token, Tokenization } from 'aws-cdk-lib';
import { inNameOrder } from '../private/in-name-order';
import { corsFlags } from './cors-settings';
import type { ServingSettings } from './serving-settings';

/** Rate, inputs and destination of captured requests. Strings may be tokens. */
export interface LiteRtCapture {
  readonly streamArn: string;
  readonly rate: number;
  readonly redact?: string[];
}

/** Places of the files that the server is started with, and how it is stopped. */
export interface LiteRtCommandOptions {
  readonly modelName: string;
  /** Directory of the model's versions. */
  readonly basePath: string;
  /** The version to serve; may be a token. */
  readonly version: string;
  /** SHA-256 of the version's file of checksums. */
  readonly checksumsSha256: string;
  /** Path of LiteRT's C library. */
  readonly library: string;
  readonly librarySha256: string;
  /** Instances of the model, each run by one thread. If undefined, one for each processor of the machine. */
  readonly workers?: number;
  /** Time that the ports stay open after SIGTERM, while clients find another server. */
  readonly drainSeconds: number;
  /** Age at which a connection ends, between its requests, so that its client finds another server. If undefined, never. */
  readonly maxConnectionAgeSeconds?: number;
  /** If undefined, nothing is captured. */
  readonly capture?: LiteRtCapture;
}

const DEFAULT_REQUEST_SECONDS = 30;

/** Returns the arguments of model_server, one per flag. */
export function liteRtArguments(serving: ServingSettings, command: LiteRtCommandOptions): string[] {
  const flags: Record<string, string | number | boolean | undefined> = {
    port: serving.grpcPort,
    rest_api_port: serving.restPort,
    rest_api_timeout_in_ms: serving.requestTimeoutMilliseconds,
    monitoring_path: serving.monitoringPath,
    model_name: command.modelName,
    model_base_path: command.basePath,
    model_version: command.version,
    checksums_sha256: `${command.modelName}/${command.version}=${command.checksumsSha256}`,
    litert_library: command.library,
    litert_library_sha256: command.librarySha256,
    workers: command.workers,
    threads_per_request: serving.threadsPerRequest,
    max_connection_age_in_seconds: command.maxConnectionAgeSeconds,
    drain_delay_in_seconds: command.drainSeconds,
    drain_timeout_in_seconds: liteRtDrainTimeout(serving),
    capture_stream_arn: command.capture?.streamArn,
    capture_rate: command.capture?.rate,
    explorer: serving.explorer || undefined,
    ...corsFlags(serving.cors),
    ...serving.certificate?._flags,
    ...inNameOrder(serving.serverFlags),
  };
  return [
    ...Object.entries(flags).filter(([, value]) => value !== undefined).map(([name, value]) => argument(name, value!)),
    ...(command.capture?.redact ?? []).map((name) => argument('capture_redact', name)),
  ];
}

/** The longest, in seconds, that the server answers requests after it has closed its ports: as long as one may take. */
export function liteRtDrainTimeout({ requestTimeoutMilliseconds: milliseconds }: ServingSettings): number {
  return Token.isUnresolved(milliseconds) ? DEFAULT_REQUEST_SECONDS : Math.ceil(milliseconds / 1000);
}

function argument(name: string, value: string | number | boolean): string {
  return `--${name}=${typeof value === 'number' ? Tokenization.stringifyNumber(value) : String(value)}`;
}
