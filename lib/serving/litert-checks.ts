import { Token } from 'aws-cdk-lib';
import { checkInteger, checkPattern } from '../private/validation';
import { corsProblems } from './cors-settings';
import { flagProblems, MAX_INT32 } from './flag-checks';
import { LITERT_FLAGS, POSITIVE_FLAGS } from './litert-flags';
import { SERVER_FLAGS } from './server-flags';
import { milliseconds, portProblems } from './serving-checks';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';

const TABLE = { program: 'model_server', unknown: 'which would not start', flags: LITERT_FLAGS };
const LOG_LEVELS = /^(error|warn|info|debug)$/;
const COLLECTOR = /^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/;
const OTHER_SERVER = 'leave it out, or serve with ModelServer.TENSORFLOW_SERVING';
const ONE_THREAD = 'give the threads of one request with threadsPerRequest, and the number of copies with serverFlags: { workers: … }';
const MOST_THREADS = 1024;

/** Options of TensorFlow Serving: undefined where the LiteRT server has them too, otherwise what to do instead. */
const LACKING: Record<keyof TensorFlowServingOptions, string | undefined> = {
  grpcPort: undefined,
  restPort: undefined,
  requestTimeout: undefined,
  monitoring: undefined,
  monitoringPath: undefined,
  serverFlags: undefined,
  batching: `it computes rows that have arrived together by itself, and waits for none: ${OTHER_SERVER}`,
  maxBatchSize: `it has no batching: ${OTHER_SERVER}`,
  batchTimeout: `it has no batching: ${OTHER_SERVER}`,
  maxEnqueuedBatches: 'it has no batching: limit the waiting requests with serverFlags: { queue_size: … }',
  numBatchThreads: `it has no batching, and ${ONE_THREAD}`,
  allowedBatchSizes: `it has no batching: ${OTHER_SERVER}`,
  padVariableLengthInputs: `it has no batching, and LiteRT models have fixed shapes: ${OTHER_SERVER}`,
  modelWarmup: 'it opens its ports when the model has been compiled, and needs no requests for that: leave it out',
  restApiThreads: 'connections need no thread each: leave it out, or give serverFlags: { io_threads: … }',
  grpcMaxThreads: 'connections need no thread each: leave it out, or give serverFlags: { io_threads: … }',
  intraOpParallelism: ONE_THREAD,
  interOpParallelism: ONE_THREAD,
  threadsPerRequest: undefined,
  serverCertificate: undefined,
  explorer: undefined,
  cors: undefined,
  fileSystemPollInterval: 'it loads the version that it is started for, once: leave it out',
};

/** Returns all problems in the options of the LiteRT server that are detectable at synthesis. */
export function checkLiteRtOptions(options: TensorFlowServingOptions): string[] {
  const flags = Object.entries(options.serverFlags ?? {});
  return [
    ...Object.entries(LACKING).filter(([name, why]) => why !== undefined && options[name as keyof TensorFlowServingOptions] !== undefined)
      .map(([name, why]) => `${name} is an option of TensorFlow Serving that ModelServer.LITERT lacks: ${why}`),
    ...(options.monitoring === false ? ['monitoring cannot be switched off with ModelServer.LITERT, whose metrics are always at monitoringPath: leave it out'] : []),
    ...portProblems(options),
    ...checkInteger('threadsPerRequest', options.threadsPerRequest, 1, MOST_THREADS),
    ...options.serverCertificate?._problems() ?? [],
    ...corsProblems(options.cors),
    ...checkInteger('requestTimeout in milliseconds', milliseconds(options.requestTimeout), 1, MAX_INT32),
    ...checkPattern('monitoringPath', options.monitoringPath, /^\/[^\s?#]*$/, 'a path that starts with /'),
    ...flags.flatMap(([name, value]) => foreignProblems(name) ?? flagProblems(TABLE, name, value)),
    ...flags.filter(([name, value]) => POSITIVE_FLAGS.includes(name) && !Token.isUnresolved(value) && Number(value) < 1)
      .map(([name, value]) => `serverFlags[${JSON.stringify(name)}] must be at least 1, got ${JSON.stringify(value)}`),
    ...flags.filter(([name, value]) => name === 'queue_size' && !Token.isUnresolved(value) && Number(value) < 0)
      .map(([, value]) => `serverFlags["queue_size"] must be at least 0, got ${JSON.stringify(value)}`),
    ...flags.filter(([name, value]) => name === 'log_level' && !Token.isUnresolved(value) && !LOG_LEVELS.test(String(value)))
      .map(([, value]) => `serverFlags["log_level"] must be error, warn, info or debug, got ${JSON.stringify(value)}`),
    ...traceProblems(options.serverFlags ?? {}),
  ];
}

/**
 * Returns the problem of workers and threads that need more processors than the server has.
 *
 * @param processors Of the pod or instance; undefined or a token if they are not known when the app is synthesized.
 */
export function threadProblems({ threadsPerRequest = 1, serverFlags }: TensorFlowServingOptions, processors: number | undefined): string[] {
  const workers = Number(serverFlags?.workers ?? 1);
  if (processors === undefined || [threadsPerRequest, processors, serverFlags?.workers].some((value) => Token.isUnresolved(value)) || threadsPerRequest === 1) {
    return [];
  }
  const most = Math.ceil(processors);
  return workers * threadsPerRequest <= most
    ? []
    : [`threadsPerRequest times serverFlags["workers"] is ${threadsPerRequest} × ${workers}, more than the ${most} processors of the server: lower one of them`];
}

function traceProblems({ otlp_endpoint: endpoint, otlp_sample_rate: rate }: Required<TensorFlowServingOptions>['serverFlags']): string[] {
  const isShare = Token.isUnresolved(rate) || (Number(rate) > 0 && Number(rate) <= 1);
  return [
    ...endpoint === undefined || Token.isUnresolved(endpoint) || COLLECTOR.test(String(endpoint)) ? []
      : [`serverFlags["otlp_endpoint"] must be http://HOST:PORT or https://HOST, to which the server adds /v1/traces, got ${JSON.stringify(endpoint)}`],
    ...rate === undefined || isShare ? [] : [`serverFlags["otlp_sample_rate"] must be above 0 and at most 1, got ${JSON.stringify(rate)}`],
    ...rate === undefined || endpoint !== undefined ? [] : ['serverFlags["otlp_sample_rate"] needs a collector: give otlp_endpoint, too, or leave it out'],
  ];
}

/** Names TensorFlow Serving where a flag is one of its own. */
function foreignProblems(name: string): string[] | undefined {
  return Object.hasOwn(SERVER_FLAGS, name) && !Object.hasOwn(LITERT_FLAGS, name)
    ? [`serverFlags[${JSON.stringify(name)}] is a flag of TensorFlow Serving that ModelServer.LITERT lacks: ${OTHER_SERVER}`]
    : undefined;
}
