import { RemovalPolicy } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ModelServiceProps } from '../../lib';
import { ModelServer, ModelService, ModelSource, ModelStorage, ServingImage } from '../../lib';
import { importedCluster } from '../kubernetes/fixtures';
import type { Arbitraries } from './arbitraries';
import { anything, durations, flag, listOfAnything, listOfTexts, map, memberOf, numbers, oneOf, sizes, texts } from './arbitraries';
import { captures, replays } from './captures';
import { models, optimization, roles } from './optimization';
import { rollouts } from './rollouts';
import { serving } from './serving';
import { expectTemplateOrValidationError } from './synthesis';

const properties: Arbitraries<ModelServiceProps> = {
  ...optimization,
  ...serving,
  cluster: oneOf<eks.ICluster>(importedCluster),
  containerInsights: flag,
  model: models,
  server: memberOf(ModelServer),
  architecture: oneOf<lambda.Architecture | undefined>(() => lambda.Architecture.ARM_64, () => lambda.Architecture.X86_64),
  modelName: texts,
  serviceName: texts,
  namespaceName: texts,
  createNamespace: flag,
  modelStorage: memberOf(ModelStorage),
  servingImage: oneOf<ServingImage | undefined>(() => ServingImage.fromRegistry('tensorflow/serving:2.19.0'), () => ServingImage.fromRegistry('')),
  baseImage: texts,
  copyImage: texts,
  replicas: numbers,
  minReplicas: numbers,
  maxReplicas: numbers,
  targetCpuUtilization: numbers,
  maxSurge: numbers,
  cpuRequest: numbers,
  cpuLimit: numbers,
  memoryRequest: sizes,
  memoryLimit: sizes,
  startupTimeout: durations,
  minReadyTime: durations,
  rollout: rollouts,
  capture: captures,
  replay: replays,
  rolloutTimeout: durations,
  drainTime: durations,
  internalLoadBalancer: flag,
  loadBalancerClass: texts,
  loadBalancerSourceRanges: listOfTexts,
  environment: map,
  readOnlyRootFilesystem: flag,
  runAsUser: numbers,
  cpuFeatures: listOfTexts,
  nodeSelector: map,
  podLabels: map,
  podAnnotations: map,
  extraContainers: listOfAnything,
  extraVolumes: listOfAnything,
  podSpec: anything,
  applyManifests: flag,
  removalPolicy: memberOf(RemovalPolicy),
  adoptExisting: flag,
  role: roles,
};

test('any properties of ModelService have a template, or an error that says what is wrong with them', () => {
  expectTemplateOrValidationError<ModelServiceProps>(properties, (stack, props) => {
    new ModelService(stack, 'Digits', { cluster: props.cluster ?? importedCluster(stack), model: ModelSource.fromAsset('examples/digits/saved_model'), ...props });
  });
});
