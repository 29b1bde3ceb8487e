import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelFleetProps } from '../../lib';
import { MissingCpuFeatures, ModelFleet, ModelServer, ModelSource, ServingBinary, ServingImage } from '../../lib';
import type { Arbitraries } from './arbitraries';
import { durations, flag, memberOf, numbers, oneOf, sizes, texts } from './arbitraries';
import { captures, replays } from './captures';
import { keys, models, optimization, roles, subnets, vpcs } from './optimization';
import { rollouts } from './rollouts';
import { serving } from './serving';
import { expectTemplateOrValidationError } from './synthesis';

const properties: Arbitraries<ModelFleetProps> = {
  ...optimization,
  ...serving,
  model: models,
  server: memberOf(ModelServer),
  vpc: vpcs,
  vpcSubnets: subnets,
  vpcEndpoints: flag,
  modelName: texts,
  servingBinary: oneOf<ServingBinary | undefined>(
    () => ServingBinary.fromImage(ServingImage.fromRegistry('tensorflow/serving:2.19.0')),
    (scope) => ServingBinary.fromBucket(s3.Bucket.fromBucketName(scope, 'Servers', 'servers'), 'server', 'a'.repeat(64)),
  ),
  instanceType: oneOf<ec2.InstanceType | undefined>(...['t3.nano', 'm7i.large', 'm8g.medium', 'none', 'p5.48xlarge'].map((name) => () => new ec2.InstanceType(name))),
  machineImage: oneOf<ec2.IMachineImage | undefined>(
    () => ec2.MachineImage.latestAmazonLinux2023(), () => ec2.MachineImage.latestAmazonLinux2(), () => ec2.MachineImage.genericLinux({}),
    () => ec2.MachineImage.latestWindows(ec2.WindowsVersion.WINDOWS_SERVER_2022_ENGLISH_FULL_BASE),
  ),
  minCapacity: numbers,
  maxCapacity: numbers,
  minInstancesInService: numbers,
  rollout: rollouts,
  capture: captures,
  replay: replays,
  instanceWarmup: durations,
  targetCpuUtilization: numbers,
  missingCpuFeatures: memberOf(MissingCpuFeatures),
  volumeSize: sizes,
  volumeEncryptionKey: keys,
  certificate: oneOf<acm.ICertificate | undefined>((scope) => acm.Certificate.fromCertificateArn(scope, 'AnyCertificate', 'arn:aws:acm:us-east-1:123456789012:certificate/any')),
  bootTimeout: durations,
  connectionDraining: durations,
  role: roles,
  logGroup: oneOf<logs.ILogGroup | undefined>((scope) => new logs.LogGroup(scope, 'AnyLogs')),
  logRetention: memberOf(logs.RetentionDays as never) as never,
  embeddedMetrics: flag,
  serverLogging: flag,
};

test('any properties of ModelFleet have a template, or an error that says what is wrong with them', () => {
  expectTemplateOrValidationError<ModelFleetProps>(properties, (stack, props) => {
    new ModelFleet(stack, 'Digits', { vpc: props.vpc ?? new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }), model: ModelSource.fromAsset('examples/digits/saved_model'), ...props });
  });
});
