import { Duration } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { CorsOptions, TensorFlowServingOptions } from '../../lib';
import { ServerCertificate } from '../../lib';
import type { Arbitraries } from './arbitraries';
import { anything, durations, flag, listOfNumbers, numbers, oneOf, texts } from './arbitraries';

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
  serverCertificate: oneOf<ServerCertificate | undefined>(
    (scope) => ServerCertificate.fromSecretsManager(Secret.fromSecretNameV2(scope, 'Certificate', 'digits/tls')),
    () => ServerCertificate.fromKubernetesSecret('digits-tls'),
    () => ServerCertificate.fromKubernetesSecret('Digits_TLS'),
  ),
  explorer: flag,
  cors: oneOf<CorsOptions | undefined>(
    () => ({ allowedOrigins: ['https://www.example.com', 'http://localhost:3000'], allowedHeaders: ['content-type', 'x-request-id'], maxAge: Duration.hours(1) }),
    () => ({ allowedOrigins: ['*'] }),
    () => ({ allowedOrigins: [] }),
    () => ({ allowedOrigins: ['https://www.example.com/page'], maxAge: Duration.days(2) }),
  ),
  fileSystemPollInterval: durations,
  serverFlags: anything,
};
