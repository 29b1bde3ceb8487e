import type { ServerFlag } from './server-flags';

/**
 * The flags of this library's server for LiteRT models (`model_server --help`).
 *
 * It refuses an unknown flag when it starts, which is too late to find out.
 */
export const LITERT_FLAGS: Readonly<Record<string, ServerFlag>> = {
  port: { type: 'int32', default: 8500, decidedBy: 'use grpcPort' },
  rest_api_port: { type: 'int32', default: 8501, decidedBy: 'use restPort' },
  address: { type: 'string', default: '', decidedBy: 'clients and health checks reach the server by every address' },
  monitoring_path: { type: 'string', default: '/monitoring/prometheus/metrics', decidedBy: 'use monitoringPath' },
  model_name: { type: 'string', default: 'default', decidedBy: 'use modelName' },
  model_base_path: { type: 'string', default: '', decidedBy: 'the library names the directory of the model' },
  model_version: { type: 'int64', default: 0, decidedBy: 'a server serves the version that it was started for' },
  model_config_file: { type: 'string', default: '', decidedBy: 'the library names the model and its version' },
  checksums_sha256: { type: 'string', default: '', decidedBy: 'it is the digest of the published model' },
  litert_library: { type: 'string', default: 'libLiteRt.so', decidedBy: 'the library brings LiteRT' },
  litert_library_sha256: { type: 'string', default: '', decidedBy: 'the library brings LiteRT' },
  allow_unverified_files: { type: 'bool', default: false, decidedBy: 'every file that is served has a checksum' },
  workers: { type: 'int32', default: 0 },
  threads_per_request: { type: 'int32', default: 1, decidedBy: 'use threadsPerRequest' },
  memory_limit_in_mib: { type: 'int64', default: 0 },
  request_memory_in_mib: { type: 'int32', default: 0 },
  max_connections: { type: 'int32', default: 1000 },
  queue_size: { type: 'int32', default: 128 },
  max_request_bytes: { type: 'int64', default: 64 << 20 },
  rest_api_timeout_in_ms: { type: 'int32', default: 30_000, decidedBy: 'use requestTimeout' },
  io_threads: { type: 'int32', default: 0 },
  max_connection_age_in_seconds: { type: 'float', default: 0, decidedBy: 'it follows from how long a load balancer lets connections end' },
  drain_delay_in_seconds: { type: 'float', default: 5, decidedBy: 'it follows from how long clients need to find another server' },
  drain_timeout_in_seconds: { type: 'float', default: 30, decidedBy: 'it follows from requestTimeout' },
  explorer: { type: 'bool', default: false, decidedBy: 'use explorer' },
  capture_stream_arn: { type: 'string', default: '', decidedBy: 'use capture' },
  capture_rate: { type: 'float', default: 0, decidedBy: 'use capture' },
  capture_redact: { type: 'string', default: '', decidedBy: 'use capture' },
  cors_allow_origins: { type: 'string', default: '', decidedBy: 'use cors' },
  cors_allow_headers: { type: 'string', default: 'content-type', decidedBy: 'use cors' },
  cors_max_age_in_seconds: { type: 'int32', default: 5, decidedBy: 'use cors' },
  log_level: { type: 'string', default: 'info' },
  access_log: { type: 'bool', default: false },
  otlp_endpoint: { type: 'string', default: '' },
  otlp_sample_rate: { type: 'float', default: 1 },
  tls_certificate_file: { type: 'string', default: '', decidedBy: 'use serverCertificate' },
  tls_key_file: { type: 'string', default: '', decidedBy: 'use serverCertificate' },
  tls_secret_arn: { type: 'string', default: '', decidedBy: 'use serverCertificate' },
  tls_secret_refresh_in_seconds: { type: 'int32', default: 300 },
  version: { type: 'bool', default: false, decidedBy: 'the server prints its version and ends' },
};

/** Flags that must be at least one: the server does not start with less. */
export const POSITIVE_FLAGS = ['workers', 'memory_limit_in_mib', 'request_memory_in_mib', 'max_connections', 'max_request_bytes', 'io_threads', 'tls_secret_refresh_in_seconds'];
