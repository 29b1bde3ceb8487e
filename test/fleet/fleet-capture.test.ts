import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelFleetProps, RequestCaptureOptions } from '../../lib';
import { ModelArtifact, ModelFleet, ModelMonitor, ModelServer, ModelSource, RequestCapture } from '../../lib';
import { env, fileOf, fleet, properties } from './fixtures';

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths);

const capture = (options: Partial<RequestCaptureOptions> = {}) => RequestCapture.sampled({ rate: 0.25, retention: Duration.days(45), ...options });

/** A fleet with the LiteRT server that captures, unless `props` say otherwise. Nothing is bundled. */
function capturing(props: Partial<ModelFleetProps> = {}): { stack: Stack; digits: ModelFleet } {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });
  const bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
  const model = ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits-0123abcd/litert/7/manifest.json' });
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
  const digits = new ModelFleet(stack, 'Digits', { vpc, model: ModelSource.fromArtifact(model), server: ModelServer.LITERT, capture: capture(), ...props });
  return { stack, digits };
}

const unit = (stack: Stack) => fileOf(stack, 'model-server.service');
const streamOf = (stack: Stack) => Object.entries(Template.fromStack(stack).findResources('AWS::KinesisFirehose::DeliveryStream'))[0];

describe('captured requests of a fleet', () => {
  test('reach a stream that writes their lines as they are, below the model\'s name by the hour', () => {
    const [, { Properties: { DeliveryStreamType, ExtendedS3DestinationConfiguration: destination } }] = streamOf(capturing().stack);

    expect(DeliveryStreamType).toBe('DirectPut');
    expect(destination).toMatchObject({ CompressionFormat: 'GZIP', FileExtension: '.jsonl.gz', Prefix: 'digits/!{timestamp:yyyy/MM/dd/HH}/' });
    expect(destination).not.toHaveProperty('ProcessingConfiguration');
  });

  test('reach a stream that is created once the model is published, so that its role is minutes old', () => {
    const { stack } = capturing();
    const [published] = Object.keys(Template.fromStack(stack).findResources('Custom::TensorFlowModelCompatibility'));

    expect(streamOf(stack)[1].DependsOn).toContain(published);
  });

  test('are sampled by the server, which gets the stream, the rate and what to leave out', () => {
    expect(unit(capturing().stack)).toContain(' --capture_stream_arn=token --capture_rate=0.25\n');
    expect(unit(capturing({ capture: capture({ redact: ['age', 'full name'] }) }).stack))
      .toContain(' --capture_rate=0.25 --capture_redact=age "--capture_redact=full name"\n');
  });

  test('are sent with the role of the instances, which may put batches into this stream and nothing else of Firehose', () => {
    const { stack } = capturing();
    const statements = properties(stack, 'AWS::IAM::Policy').flatMap(({ PolicyDocument }) => PolicyDocument.Statement);

    expect(statements.filter(({ Action }: any) => JSON.stringify(Action).includes('firehose:'))).toEqual([
      { Effect: 'Allow', Action: 'firehose:PutRecordBatch', Resource: { 'Fn::GetAtt': [streamOf(stack)[0], 'Arn'] } },
    ]);
  });

  test('need the instance\'s credentials, which no other server may read', () => {
    expect(unit(capturing().stack)).not.toContain('IPAddressDeny');
    expect(unit(capturing({ capture: undefined }).stack)).toContain('IPAddressDeny=169.254.169.254 fd00:ec2::254');
  });

  test('leave a VPC without internet by an endpoint of their own', () => {
    const services = (props: Partial<ModelFleetProps>) => JSON.stringify(properties(capturing({ vpcEndpoints: true, ...props }).stack, 'AWS::EC2::VPCEndpoint'));

    expect(services({})).toContain('.kinesis-firehose');
    expect(services({ capture: undefined })).not.toContain('.kinesis-firehose');
  });

  test('are what a ModelMonitor compares, unless values are left out', () => {
    const { stack, digits } = capturing();
    expect(new ModelMonitor(stack, 'Monitor', { endpoint: digits }).captureBucket).toBe(digits.captureBucket);

    const redacted = capturing({ capture: capture({ redact: ['age'] }) });
    expect(() => new ModelMonitor(redacted.stack, 'Monitor', { endpoint: redacted.digits })).toThrow('captures requests without the values of age');
  });

  test('have a metric of those that were dropped, under the name that the instances write', () => {
    const { stack, digits } = capturing({ embeddedMetrics: true });

    const metric = digits.metricDroppedCaptures({ statistic: 'Maximum' });
    expect(digits.metricDroppedCaptures()).toMatchObject({ namespace: 'CdkTensorFlow', metricName: 'DroppedCaptures', statistic: 'Sum' });
    expect(metric.statistic).toBe('Maximum');
    expect(stack.resolve(metric.dimensions)).toEqual(stack.resolve(digits.metricErrors().dimensions));
  });

  test.each<[string, Partial<ModelFleetProps>, string]>([
    ['capture', { capture: undefined, embeddedMetrics: true }, 'metricDroppedCaptures has no metric to return, because the fleet has no capture: give capture'],
    ['embeddedMetrics', {}, 'CloudWatch has no metric of a fleet\'s dropped captures without embeddedMetrics: give embeddedMetrics: true, or use the server\'s counter '
      + 'model_server:dropped_captures'],
  ])('have no metric without %s, which the error names', (_, props, problem) => {
    expect(() => capturing(props).digits.metricDroppedCaptures()).toThrow(problem);
  });

  test('are off by default', () => {
    const { stack, digits } = capturing({ capture: undefined });

    expect(digits.captureBucket).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 0);
    expect(unit(stack)).not.toContain('capture');
  });

  test('leave no finding of cdk-nag', () => {
    const { stack, digits } = capturing();

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(digits.node.findChild('Capture')).violations).toEqual([]);
  });
});

test.each<[string, Partial<ModelFleetProps>, string]>([
  ['a rate of 0', { capture: capture({ rate: 0 }) }, 'capture.rate must be above 0 and at most 1, got 0'],
  ['hours', { capture: capture({ retention: Duration.hours(36) }) }, 'capture.retention must be whole days between 1 and 3653, got 1.5 days'],
  ['an empty redact', { capture: capture({ redact: [] }) }, 'capture.redact must be a list of names of inputs, got []'],
  ['a rate alone', { capture: 0.01 as any }, 'capture must be a RequestCapture, got 0.01'],
  ['its flag', { serverFlags: { capture_rate: 1 } }, 'use capture'],
])('%s is a problem', (_, props, problem) => {
  expect(() => capturing(props)).toThrow(problem);
});

test('TensorFlow Serving cannot capture', () => {
  expect(() => fleet({ capture: capture() })).toThrow('capture needs ModelServer.LITERT, because TensorFlow Serving gives its requests to nothing else');
});
