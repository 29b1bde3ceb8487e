import type { TensorFlowServingOptions } from '../../lib';
import type { Arbitraries } from './arbitraries';
import { anything, durations, flag, listOfNumbers, numbers, texts } from './arbitraries';

export const serving: Arbitraries<TensorFlowServingOptions> = {
  grpcPort: numbers,
  restPort: numbers,
  requestTimeout: durations,
  batching: flag,
  maxBatchSize: numbers,
  batchTimeout: durations,
  maxEnqueuedBatches: numbers,
  numBatchThreads: numbers,
  allowedBatchSizes: listOfNumbers,
  padVariableLengthInputs: flag,
  monitoring: flag,
  monitoringPath: texts,
  modelWarmup: flag,
  restApiThreads: numbers,
  grpcMaxThreads: numbers,
  intraOpParallelism: numbers,
  interOpParallelism: numbers,
  threadsPerRequest: numbers,
  fileSystemPollInterval: durations,
  serverFlags: anything,
};
