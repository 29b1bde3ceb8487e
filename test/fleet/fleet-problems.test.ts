import { App, Duration, Lazy, Size, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFleetProps } from '../../lib';
import { ModelFleet, ModelSource, ServingBinary } from '../../lib';
import { directoryWith } from '../model/model-files';
import { fleet } from './fixtures';

describe('problems of a fleet\'s properties', () => {
  test('in the fleet, its server and its model are reported together', () => {
    const stack = new Stack(new App(), 'Stack');
    expect(() => new ModelFleet(stack, 'Digits', {
      vpc: new ec2.Vpc(stack, 'Vpc'),
      model: ModelSource.fromAsset(directoryWith({ 'model.tflite': 'x' })),
      servingBinary: ServingBinary.fromAsset('/no/such/server'),
      volumeSize: Size.gibibytes(4),
      targetCpuUtilization: 0,
      monitoring: false,
      embeddedMetrics: true,
      connectionDraining: Duration.hours(2),
      logGroup: new logs.LogGroup(stack, 'Logs'),
      logRetention: logs.RetentionDays.ONE_DAY,
    })).toThrow(new RegExp([
      'servingBinary must be a file', 'machineImage is needed', 'targetCpuUtilization', 'embeddedMetrics needs monitoring', 'volumeSize in GiB', 'connectionDraining in seconds', 'logGroup', 'model.tflite',
    ].map((text) => `(?=[^]*${text})`).join('')));
  });

  test.each(['bootTimeout', 'connectionDraining'])('%s as a token is refused, because a sum of a token would reach the instances as another number', (name) => {
    const seconds = Duration.seconds(Lazy.number({ produce: () => 600 }));

    expect(() => fleet({ [name]: seconds })).toThrow(
      `${name} must be known when the app is synthesized, because other times follow from it, and got a token: give a Duration of a number`,
    );
  });

  test.each<[string, (scope: Stack, region: string) => Partial<ModelFleetProps>]>([
    ['certificate', (scope, region) => ({ certificate: acm.Certificate.fromCertificateArn(scope, 'Given', `arn:aws:acm:${region}:123456789012:certificate/1`) })],
    ['volumeEncryptionKey', (scope, region) => ({ volumeEncryptionKey: kms.Key.fromKeyArn(scope, 'Given', `arn:aws:kms:${region}:123456789012:key/1`) })],
  ])('%s of another Region is refused, because no load balancer and no disk can use it', (name, given) => {
    expect(() => fleet((scope) => given(scope, 'eu-west-1'))).toThrow(
      `${name} must be in the Region of the fleet, us-east-1, which can use no other, got "arn:aws:${name === 'certificate' ? 'acm' : 'kms'}:eu-west-1:123456789012:`,
    );
    expect(() => fleet((scope) => given(scope, 'us-east-1'))).not.toThrow();
  });

  test.each([ec2.SubnetType.PUBLIC, ec2.SubnetType.PRIVATE_ISOLATED])('a VPC of subnets %s alone is refused, unless vpcSubnets names them', (subnetType) => {
    const vpc = (scope: Stack) => new ec2.Vpc(scope, 'Own', { subnetConfiguration: [{ name: 'own', subnetType }] });

    expect(() => fleet((scope) => ({ vpc: vpc(scope) }))).toThrow('the VPC "Stack/Own" has no private subnets with a route to the internet, where instances are by default: '
      + 'give vpcSubnets, such as { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } with vpcEndpoints: true');
    expect(() => fleet((scope) => ({ vpc: vpc(scope), vpcSubnets: { subnetType } }))).not.toThrow();
  });

  test('a .tflite model is refused with the reason', () => {
    const path = `${directoryWith({ 'model.tflite': 'x' })}/model.tflite`;

    expect(() => fleet({ model: ModelSource.fromAsset(path) })).toThrow(/tflite/);
  });
});
