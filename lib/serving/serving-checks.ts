import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type { PropertyTypes } from '../private/property-types';
import { DURATION } from '../private/property-types';
import { checkInteger, checkPattern } from '../private/validation';
import { flagProblems, MAX_INT32 } from './flag-checks';
import { noCertificateProblems, SERVER_CERTIFICATE } from './server-certificate';
import { SERVER_FLAGS } from './server-flags';
import { maxBatchSizeOf, portsOf } from './serving-settings';
import type { TensorFlowServingOptions } from './tensorflow-serving-options';

const NOT_ROOT = 1024;
const TABLE = { program: 'tensorflow_model_server', unknown: 'which would start all the same', flags: SERVER_FLAGS };

/** The types of the options. */
export const SERVING_TYPES: PropertyTypes<TensorFlowServingOptions> = {
  requestTimeout: DURATION, batchTimeout: DURATION, fileSystemPollInterval: DURATION, serverCertificate: SERVER_CERTIFICATE,
};

/** Returns all problems in the options that are detectable at synthesis. */
export function checkServingOptions(options: TensorFlowServingOptions): string[] {
  return [
    ...portProblems(options),
    ...checkInteger('requestTimeout in milliseconds', milliseconds(options.requestTimeout), 1, MAX_INT32),
    ...batchingProblems(options),
    ...checkPattern('monitoringPath', options.monitoringPath, /^\/[^\s?#]*$/, 'a path that starts with /'),
    ...(options.monitoring === false && options.monitoringPath !== undefined ? ['monitoringPath has no effect without monitoring: leave one of them out'] : []),
    ...checkInteger('restApiThreads', options.restApiThreads, 1, MAX_INT32),
    ...checkInteger('grpcMaxThreads', options.grpcMaxThreads, 2, MAX_INT32, 'one of them only looks for requests'),
    ...checkInteger('intraOpParallelism', options.intraOpParallelism, 1, MAX_INT32),
    ...checkInteger('interOpParallelism', options.interOpParallelism, 1, MAX_INT32),
    ...pollProblems(options.fileSystemPollInterval),
    ...(options.threadsPerRequest === undefined
      ? []
      : ['threadsPerRequest is an option of ModelServer.LITERT: use intraOpParallelism, or serve with ModelServer.LITERT']),
    ...noCertificateProblems(options.serverCertificate),
    ...(options.explorer ? ['explorer needs ModelServer.LITERT: set server to it, or leave explorer out and use `npx cdk-tensorflow open`'] : []),
    ...(options.cors === undefined ? [] : ['cors needs ModelServer.LITERT: set server to it, or leave cors out and give serverFlags: { rest_api_enable_cors_support: true }, '
      + 'by which TensorFlow Serving lets pages of every origin read its answers']),
    ...Object.entries(options.serverFlags ?? {}).flatMap(([name, value]) => flagProblems(TABLE, name, value)),
    ...channelProblems(options),
    ...exclusionProblems(options),
  ];
}

/** Returns the problems of the ports, which both servers have. */
export function portProblems(options: TensorFlowServingOptions): string[] {
  const { grpcPort: grpc, restPort: rest } = portsOf(options);
  const problems = [
    ...checkInteger('grpcPort', options.grpcPort, NOT_ROOT, 65_535, 'the server is not root, and may not listen below 1024'),
    ...checkInteger('restPort', options.restPort, NOT_ROOT, 65_535, 'the server is not root, and may not listen below 1024'),
  ];
  return grpc === rest
    ? [...problems, `grpcPort and restPort must differ, got ${grpc} for both: the server would start without REST and say so in its log only`]
    : problems;
}

const BATCHING_OPTIONS = ['maxBatchSize', 'batchTimeout', 'maxEnqueuedBatches', 'numBatchThreads', 'allowedBatchSizes', 'padVariableLengthInputs'] as const;

function batchingProblems(options: TensorFlowServingOptions): string[] {
  if (!options.batching) {
    return BATCHING_OPTIONS.filter((name) => options[name] !== undefined).map((name) => `${name} has no effect without batching: set batching to true`);
  }
  return [
    ...checkInteger('maxBatchSize', options.maxBatchSize, 1, MAX_INT32),
    ...(options.batchTimeout?.isUnresolved() ? ['batchTimeout must be known when the app is synthesized, and got a token: give a Duration of a number'] : []),
    ...checkInteger('batchTimeout in milliseconds', wholeOf(options.batchTimeout), 0, 60_000, 'nobody waits longer for an answer'),
    ...checkInteger('maxEnqueuedBatches', options.maxEnqueuedBatches, 1, MAX_INT32),
    ...checkInteger('numBatchThreads', options.numBatchThreads, 1, 1024),
    ...sizesProblems(options),
  ];
}

function sizesProblems(options: TensorFlowServingOptions): string[] {
  const sizes = options.allowedBatchSizes;
  const largest = maxBatchSizeOf(options);
  if (sizes === undefined || sizes.some((size) => Token.isUnresolved(size)) || Token.isUnresolved(largest)) {
    return [];
  }
  const grows = sizes.every((size, index) => Number.isInteger(size) && size > (index === 0 ? 0 : sizes[index - 1]));
  return grows && sizes[sizes.length - 1] === largest
    ? []
    : [`allowedBatchSizes must grow and end with maxBatchSize, ${largest}, or the server refuses every batch; got ${JSON.stringify(sizes)}`];
}

function pollProblems(interval: Duration | undefined): string[] {
  return interval === undefined || interval.isUnresolved()
    ? []
    : checkInteger('fileSystemPollInterval in seconds', interval.toSeconds({ integral: false }), 30, 86_400,
      'each look lists the bucket, which costs money and never shows a version that was not asked for');
}

function channelProblems({ serverFlags }: TensorFlowServingOptions): string[] {
  const value = serverFlags?.grpc_channel_arguments;
  return value === undefined || Token.isUnresolved(value) || /^$|^[^=,\s]+=[^=,\s]+(,[^=,\s]+=[^=,\s]+)*$/.test(String(value))
    ? []
    : [`serverFlags["grpc_channel_arguments"] must be name=value,name=value, got ${JSON.stringify(value)}: the server reads beyond an entry that has no equals sign`];
}

/** Checks for conflicting flags, set by `serverFlags` or by properties. */
function exclusionProblems(options: TensorFlowServingOptions): string[] {
  const flags = options.serverFlags ?? {};
  const given = new Map<string, string>(Object.keys(flags).map((name) => [name, `serverFlags[${JSON.stringify(name)}]`]));
  for (const [flag, property] of Object.entries({
    enable_batching: 'batching', tensorflow_intra_op_parallelism: 'intraOpParallelism', tensorflow_inter_op_parallelism: 'interOpParallelism',
  } as const)) {
    if (options[property]) {
      given.set(flag, property);
    }
  }
  const problems = [...given].flatMap(([name, shown]) => (SERVER_FLAGS[name]?.excludes ?? [])
    .filter((other) => given.has(other))
    .map((other) => `${shown} and ${given.get(other)} exclude each other: keep one of them`));
  if (flags.enable_per_model_batching_parameters !== undefined && !options.batching) {
    problems.push('serverFlags["enable_per_model_batching_parameters"] has no effect without batching: set batching to true');
  }
  const fraction = flags.per_process_gpu_memory_fraction;
  if (fraction !== undefined && !Token.isUnresolved(fraction) && !(Number(fraction) >= 0 && Number(fraction) <= 1)) {
    problems.push(`serverFlags["per_process_gpu_memory_fraction"] must be between 0 and 1, got ${JSON.stringify(fraction)}`);
  }
  return problems;
}

/** Returns a duration's number for a check; undefined for a token. */
export function milliseconds(duration: Duration | undefined): number | undefined {
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toMilliseconds({ integral: false });
}

/** Rounds, because `batchTimeout` may be less than a millisecond and only the limits matter. */
function wholeOf(duration: Duration | undefined): number | undefined {
  const value = milliseconds(duration);
  return value === undefined ? undefined : Math.ceil(value);
}
