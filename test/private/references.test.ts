import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Rollout } from '../../lib';
import { fleet } from '../fleet/fixtures';
import { modelFunction } from '../function/fixtures';
import { FLAG_SETS, modelService, watchedCluster } from '../kubernetes/fixtures';

const env = { account: '123456789012', region: 'us-east-1' };
const ALARM = 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders';
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-0123456789ab';
const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-0123456789ab';

/** References of an L1 class, which know nothing but the ARN. */
const alarmRef = (stack: Stack) => cloudwatch.CfnAlarm.fromAlarmArn(stack, 'Orders', ALARM);
const keyRef = (stack: Stack) => kms.CfnKey.fromKeyArn(stack, 'Key', KEY);
const canary = (alarm: cloudwatch.IAlarmRef) => Rollout.canary({ percent: 10, bake: Duration.minutes(5), alarms: [alarm] });

describe.each(FLAG_SETS)('%s', (_, flags) => {
  const emptyStack = () => new Stack(new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });

  test('a function takes an alarm and a key by references with nothing but the ARN', () => {
    const stack = emptyStack();
    modelFunction(stack, { rollout: canary(alarmRef(stack)), environmentEncryption: keyRef(stack) });
    const template = Template.fromStack(stack);

    template.hasResourceProperties('AWS::Lambda::Function', { KmsKeyArn: KEY });
    const [group] = Object.values(template.findResources('AWS::CodeDeploy::DeploymentGroup'));
    expect(group.Properties.AlarmConfiguration.Alarms).toContainEqual({ Name: 'orders' });
  });

  test('a service takes an alarm by a reference with nothing but the ARN', () => {
    const stack = emptyStack();
    modelService(stack, { cluster: watchedCluster(stack), rollout: canary(alarmRef(stack)) });

    Template.fromStack(stack).hasResourceProperties('Custom::TensorFlowCanary', { Alarms: ['orders'] });
  });

  test('a fleet takes an alarm, a key and a certificate by references with nothing but the ARN', () => {
    const stack = emptyStack();
    fleet({
      rollout: canary(alarmRef(stack)), volumeEncryptionKey: keyRef(stack), certificate: acm.CfnCertificate.fromCertificateId(stack, 'Certificate', CERTIFICATE),
    }, stack);
    const template = Template.fromStack(stack);

    template.hasResourceProperties('Custom::TensorFlowFleetCanary', { Alarms: ['orders'] });
    template.allResourcesProperties('AWS::ElasticLoadBalancingV2::Listener', { Certificates: [{ CertificateArn: CERTIFICATE }] });
    for (const { Properties } of Object.values(template.findResources('AWS::EC2::LaunchTemplate'))) {
      expect(Properties.LaunchTemplateData.BlockDeviceMappings).toMatchObject([{ Ebs: { Encrypted: true, KmsKeyId: KEY } }]);
    }
  });
});

test('references of another Region are refused, as constructs are', () => {
  const stack = new Stack(new App(), 'Stack', { env: { ...env, region: 'eu-central-1' } });
  const certificate = acm.CfnCertificate.fromCertificateId(stack, 'Certificate', CERTIFICATE);

  const references = { volumeEncryptionKey: keyRef(stack), certificate, rollout: canary(alarmRef(stack)) };

  expect(() => fleet(references, stack)).toThrow(expect.objectContaining({ message: expect.stringMatching(new RegExp([
    `got "${ALARM}" in us-east-1 for an endpoint in eu-central-1`,
    `certificate must be in the Region of the fleet, eu-central-1, which can use no other, got "${CERTIFICATE}"`,
    `volumeEncryptionKey must be in the Region of the fleet, eu-central-1, which can use no other, got "${KEY}"`,
  ].map((problem) => `(?=[^]*${problem})`).join(''))) }));
});

test('L1 constructs are references too: what they are is known when the stack is deployed', () => {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });
  const key = new kms.CfnKey(stack, 'Key', { keyPolicy: {} });
  fleet({ volumeEncryptionKey: key }, stack);

  Template.fromStack(stack).hasResourceProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: { BlockDeviceMappings: [{ Ebs: { KmsKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } } }] },
  });
});
