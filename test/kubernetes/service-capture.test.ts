import type { Stack } from 'aws-cdk-lib';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelServiceProps, RequestCaptureOptions } from '../../lib';
import { ModelArtifact, ModelMonitor, ModelServer, ModelSource, RequestCapture } from '../../lib';
import type { ModelService } from '../../lib/kubernetes/model-service';
import { DIGITS, emptyStack, modelService, resourceOf, serverOf } from './fixtures';

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths);

const capture = (options: Partial<RequestCaptureOptions> = {}) => RequestCapture.sampled({ rate: 0.25, retention: Duration.days(45), ...options });

/** A service with the LiteRT server that captures, unless `props` say otherwise. */
function capturing(props: Partial<ModelServiceProps> = {}): { stack: Stack; service: ModelService } {
  const stack = emptyStack();
  const model = ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/litert/7/manifest.json', manifestSha256: 'a'.repeat(64),
  }));
  return { stack, service: modelService(stack, { model, server: ModelServer.LITERT, capture: capture(), ...props }) };
}

const stream = (stack: Stack) => resourceOf(stack, 'AWS::KinesisFirehose::DeliveryStream');

describe('captured requests of pods', () => {
  test('are sampled by the server, which gets the stream, the rate and what to leave out', () => {
    const { stack } = capturing({ capture: capture({ redact: ['age', 'name'] }) });

    expect(serverOf(stack).args).toEqual(expect.arrayContaining([
      `--capture_stream_arn=${stream(stack).id}.Arn`, '--capture_rate=0.25', '--capture_redact=age', '--capture_redact=name',
    ]));
  });

  test('are written by the stream as they are, below the model\'s name by the hour', () => {
    const { ExtendedS3DestinationConfiguration: destination } = stream(capturing().stack).properties;

    expect(destination).toMatchObject({ CompressionFormat: 'GZIP', FileExtension: '.jsonl.gz', Prefix: 'digits/!{timestamp:yyyy/MM/dd/HH}/' });
    expect(destination).not.toHaveProperty('ProcessingConfiguration');
  });

  test('reach a stream that is created once the model is published, so that its role is minutes old', () => {
    const stack = emptyStack();
    modelService(stack, { model: ModelSource.fromAsset(DIGITS), server: ModelServer.LITERT, capture: capture() });

    expect(stream(stack).resource.DependsOn).toContain(resourceOf(stack, 'Custom::TensorFlowModelBuild').id);
  });

  test('reach a stream that is created after the function that checks the model, where the stack builds none', () => {
    const { stack } = capturing();
    const checks = Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Function')).filter((id) => id.includes('frameworkonEvent'));

    expect(checks).toHaveLength(1);
    expect(stream(stack).resource.DependsOn).toEqual(expect.arrayContaining(checks));
  });

  test('are sent with the role of the pods, which may put batches into this stream and nothing else of Firehose', () => {
    const { stack } = capturing();
    const { properties } = resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole');

    expect(properties.PolicyDocument.Statement.filter(({ Action }: any) => JSON.stringify(Action).includes('firehose:'))).toEqual([
      { Effect: 'Allow', Action: 'firehose:PutRecordBatch', Resource: { 'Fn::GetAtt': [stream(stack).id, 'Arn'] } },
    ]);
  });

  test('are what a ModelMonitor compares', () => {
    const { stack, service } = capturing();

    expect(new ModelMonitor(stack, 'Monitor', { endpoint: service }).captureBucket).toBe(service.captureBucket);
  });

  test('are off by default', () => {
    const { stack, service } = capturing({ capture: undefined });

    expect(service.captureBucket).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 0);
    expect(serverOf(stack).args.join()).not.toContain('capture');
  });
});

test.each<[string, Partial<ModelServiceProps>, string]>([
  ['a percentage', { capture: capture({ rate: 5 }) }, 'capture.rate must be above 0 and at most 1, got 5'],
  ['an empty name in redact', { capture: capture({ redact: [''] }) }, 'capture.redact must have names of inputs, got ""'],
  ['a rate alone', { capture: 0.01 as any }, 'capture must be a RequestCapture, got 0.01'],
])('%s is a problem', (_, props, problem) => {
  expect(() => capturing(props)).toThrow(problem);
});

test('TensorFlow Serving cannot capture', () => {
  expect(() => modelService(emptyStack(), { capture: capture() })).toThrow('set server to ModelServer.LITERT, or leave capture out');
});
