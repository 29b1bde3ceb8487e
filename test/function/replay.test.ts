import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { ModelFunctionProps } from '../../lib';
import { ModelDelivery, ModelHook, ModelSource, RequestCapture } from '../../lib';
import { emptyStack, hookDirectory, modelFunction, resourceOf, UNBUNDLED } from './fixtures';

const capture = RequestCapture.sampled({ rate: 1, retention: Duration.days(7) });

function checkOf(props: Partial<ModelFunctionProps>) {
  const stack = emptyStack();
  modelFunction(stack, props);
  return { stack, ...resourceOf(stack, 'Custom::TensorFlowVersionCheck') };
}

test('a version check replays captured requests of the model, and knows which version it is', () => {
  const { stack, properties } = checkOf({ capture, replay: { maxDisagreement: 0.05, acceptVersion: '7' } });

  expect(properties).toMatchObject({
    Replay: '{"requests":200,"maxDisagreement":0.05,"acceptVersion":"7"}',
    CaptureBucket: { Ref: resourceOf(stack, 'AWS::S3::Bucket', 'DigitsCapture').id },
    ModelVersion: { 'Fn::GetAtt': [expect.stringContaining('Compatibility'), 'Version'] },
  });
});

test('it knows what a delivery says to serve, because a version that was live is not compared', () => {
  const app = new App({ context: UNBUNDLED });
  const delivery = new ModelDelivery(new Stack(app, 'Delivery'), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
  const serving = new Stack(app, 'Serving');
  modelFunction(serving, { model: ModelSource.fromDelivery(delivery), capture, replay: { maxDisagreement: 0.05 } });

  const { Serve } = resourceOf(serving, 'Custom::TensorFlowVersionCheck').properties;
  expect(Serve).toEqual(resourceOf(serving, 'Custom::TensorFlowModelBuild').properties.Serve);
  expect(Template.fromStack(serving).toJSON().Parameters[Serve.Ref]).toMatchObject({ Default: delivery.serveParameterName });
});

test('it waits for the permission to read them, which is for this model alone', () => {
  const { stack, resource } = checkOf({ capture, replay: { maxDisagreement: 0.05 } });
  const bucket = { 'Fn::GetAtt': [resourceOf(stack, 'AWS::S3::Bucket', 'DigitsCapture').id, 'Arn'] };
  const policy = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy', {
    Properties: { PolicyDocument: { Statement: Match.arrayWith([
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:GetObjectVersion'], Resource: { 'Fn::Join': ['', [bucket, '/digits/*']] } },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket, Condition: { StringLike: { 's3:prefix': ['digits/*'] } } },
    ]) } },
  }));

  expect(policy).toHaveLength(1);
  expect(resource.DependsOn).toContain(policy[0][0]);
});

test('without replay the check has no access to captured requests', () => {
  const { stack, properties } = checkOf({ capture });

  expect(properties).not.toHaveProperty('Replay');
  const policies = JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  expect(policies).not.toContain('DigitsCaptureBucket');
});

test.each<[string, Partial<ModelFunctionProps>, string]>([
  ['without captured requests', { replay: { maxDisagreement: 0.1 } }, 'replay has no effect without capture'],
  ['with a hook', { capture, replay: { maxDisagreement: 0.1 }, hook: ModelHook.fromAsset(hookDirectory()) }, 'replay must not be used with hook'],
  ['of a function that is stopped', { capture, replay: { maxDisagreement: 0.1 }, reservedConcurrentExecutions: 0 }, 'replay has no effect with reservedConcurrentExecutions 0'],
  ['without a limit', { capture, replay: {} }, 'replay needs a limit'],
  ['by a percentage', { capture, replay: { maxDisagreement: 5 } }, 'replay.maxDisagreement must be between 0 and 1, got 5'],
  ['with a negative error', { capture, replay: { maxRelativeError: -1 } }, 'replay.maxRelativeError must be between 0'],
  ['of too many requests', { capture, replay: { maxDisagreement: 0.1, requests: 5000 } }, 'replay.requests must be between 1 and 1000, got 5000'],
  ['that accepts a name', { capture, replay: { maxDisagreement: 0.1, acceptVersion: 'better' } }, 'replay.acceptVersion must be a version of the model'],
])('a replay %s is refused', (_, props, problem) => {
  expect(() => modelFunction(emptyStack(), props)).toThrow(problem);
});
