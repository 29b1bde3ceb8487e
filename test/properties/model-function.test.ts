import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFunctionProps } from '../../lib';
import { LiteRtRuntime, ModelFunction, ModelHook, ModelSource, PythonBundling } from '../../lib';
import { hookDirectory } from '../function/fixtures';
import type { Arbitraries } from './arbitraries';
import { durations, flag, map, memberOf, numbers, oneOf, sizes, texts } from './arbitraries';
import { captures, replays } from './captures';
import { keys, models, optimization, roles, securityGroups, subnets, vpcs } from './optimization';
import { rollouts } from './rollouts';
import { expectTemplateOrValidationError } from './synthesis';

const hook = hookDirectory();

const properties: Arbitraries<ModelFunctionProps> = {
  ...optimization,
  model: models,
  modelName: texts,
  hook: oneOf<ModelHook | undefined>(() => ModelHook.fromAsset(hook)),
  liteRtRuntime: memberOf(LiteRtRuntime),
  pythonRuntime: oneOf<lambda.Runtime | undefined>(() => lambda.Runtime.PYTHON_3_12, () => lambda.Runtime.PYTHON_3_8, () => lambda.Runtime.NODEJS_20_X),
  architecture: oneOf<lambda.Architecture | undefined>(() => lambda.Architecture.ARM_64, () => lambda.Architecture.X86_64),
  memorySize: sizes,
  threads: numbers,
  timeout: durations,
  reservedConcurrentExecutions: numbers,
  provisionedConcurrentExecutions: numbers,
  maxProvisionedConcurrentExecutions: numbers,
  provisionedConcurrencyUtilization: numbers,
  snapStart: flag,
  explorer: flag,
  ephemeralStorageSize: sizes,
  rollout: rollouts,
  tracing: memberOf(lambda.Tracing),
  embeddedMetrics: flag,
  capture: captures,
  replay: replays,
  environment: map,
  environmentEncryption: keys,
  layers: oneOf<lambda.ILayerVersion[] | undefined>(
    () => [],
    (scope) => [0, 1, 2, 3].map((index) => lambda.LayerVersion.fromLayerVersionArn(scope, `Layer${index}`, `arn:aws:lambda:us-east-1:123456789012:layer:any:${index + 1}`)),
  ),
  description: texts,
  role: roles,
  vpc: vpcs,
  vpcSubnets: subnets,
  securityGroups,
  allowPublicSubnet: flag,
  logGroup: oneOf<logs.ILogGroup | undefined>((scope) => new logs.LogGroup(scope, 'AnyLogs')),
  logRetention: memberOf(logs.RetentionDays as never) as never,
  bundling: oneOf<PythonBundling | undefined>(() => PythonBundling.AUTO, () => PythonBundling.LOCAL),
};

test('any properties of ModelFunction have a template, or an error that says what is wrong with them', () => {
  expectTemplateOrValidationError<ModelFunctionProps>(properties, (stack, props) => {
    new ModelFunction(stack, 'Digits', { model: ModelSource.fromAsset('examples/digits/saved_model'), timeout: Duration.seconds(10), ...props });
  });
});
