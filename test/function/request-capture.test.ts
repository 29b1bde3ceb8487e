import type { App } from 'aws-cdk-lib';
import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelFunctionProps, RequestCaptureOptions } from '../../lib';
import { ModelMonitor, RequestCapture } from '../../lib';
import { emptyStack, FLAG_SETS, functionProperties, modelFunction, resourceOf } from './fixtures';

const capture = (options: Partial<RequestCaptureOptions> = {}) => RequestCapture.sampled({ rate: 0.25, retention: Duration.days(45), ...options });

function templateOf(props: Partial<ModelFunctionProps> = {}, flags = {}) {
  const stack = emptyStack(flags);
  const model = modelFunction(stack, { capture: capture(), ...props });
  return { stack, model, template: Template.fromStack(stack) };
}

describe.each(FLAG_SETS)('%s', (_, flags) => {
  test('a sample is captured: from the log by a filter through Firehose, which extracts the lines, to objects by model and hour', () => {
    const { stack, template } = templateOf({}, flags);
    const stream = resourceOf(stack, 'AWS::KinesisFirehose::DeliveryStream');
    const bucket = resourceOf(stack, 'AWS::S3::Bucket', 'DigitsCapture').id;

    expect(resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties.Environment.Variables).toMatchObject({ CAPTURE_RATE: '0.25' });
    template.hasResourceProperties('AWS::Logs::SubscriptionFilter', {
      LogGroupName: { Ref: resourceOf(stack, 'AWS::Logs::LogGroup', 'DigitsLogGroup').id },
      FilterPattern: '{ ($.schemaVersion = 1) && ($.modelName = "*") }',
      DestinationArn: { 'Fn::GetAtt': [stream.id, 'Arn'] },
    });
    expect(stream.properties).toMatchObject({
      DeliveryStreamType: 'DirectPut',
      DeliveryStreamEncryptionConfigurationInput: { KeyType: 'AWS_OWNED_CMK' },
      ExtendedS3DestinationConfiguration: {
        BucketARN: { 'Fn::GetAtt': [bucket, 'Arn'] },
        CompressionFormat: 'GZIP',
        FileExtension: '.jsonl.gz',
        BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 5 },
        ErrorOutputPrefix: 'errors/digits/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/',
        Prefix: 'digits/!{timestamp:yyyy/MM/dd/HH}/',
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            { Type: 'Decompression', Parameters: [{ ParameterName: 'CompressionFormat', ParameterValue: 'GZIP' }] },
            { Type: 'CloudWatchLogProcessing', Parameters: [{ ParameterName: 'DataMessageExtraction', ParameterValue: 'true' }] },
          ],
        },
      },
    });
  });
});

test('stream and filter are created once the model is published, so that their roles are minutes old', () => {
  const { stack } = templateOf();
  const published = resourceOf(stack, 'Custom::TensorFlowModelCompatibility').id;

  for (const type of ['AWS::KinesisFirehose::DeliveryStream', 'AWS::Logs::SubscriptionFilter']) {
    expect(resourceOf(stack, type).resource.DependsOn).toContain(published);
  }
  expect(resourceOf(stack, 'AWS::IAM::Role', 'DigitsCaptureStreamRole').resource).not.toHaveProperty('DependsOn');
});

test('without capture nothing is there for it', () => {
  const { template, model } = templateOf({ capture: undefined });

  template.resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 0);
  template.resourceCountIs('AWS::Logs::SubscriptionFilter', 0);
  expect(functionProperties({}).Environment.Variables).not.toHaveProperty('CAPTURE_RATE');
  expect(model.captureBucket).toBeUndefined();
});

test('the bucket is private and encrypted, its objects expire, and the log keeps nothing longer', () => {
  const { template, stack } = templateOf();

  expect(resourceOf(stack, 'AWS::S3::Bucket', 'DigitsCapture')).toMatchObject({
    properties: {
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      LifecycleConfiguration: { Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, ExpirationInDays: 45, Status: 'Enabled' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    },
    // A first deployment that fails leaves no bucket behind.
    resource: { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' },
  });
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]) },
  });
  template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});

test('the roles may do what the delivery needs, and nothing else', () => {
  const { stack } = templateOf();
  const bucket = { 'Fn::GetAtt': [resourceOf(stack, 'AWS::S3::Bucket', 'DigitsCapture').id, 'Arn'] };
  const name = resourceOf(stack, 'AWS::KinesisFirehose::DeliveryStream').properties.DeliveryStreamName;
  const statements = (id: string) => resourceOf(stack, 'AWS::IAM::Role', id).properties.Policies[0].PolicyDocument.Statement;

  expect(statements('DigitsCaptureLogsRole')).toEqual([
    {
      Effect: 'Allow',
      Action: ['firehose:PutRecord', 'firehose:PutRecordBatch'],
      // Names the stream: a role that refers to it would be made after it, seconds before CloudWatch Logs tries it.
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':firehose:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, `:deliverystream/${name}`]] },
    },
  ]);
  expect(statements('DigitsCaptureStreamRole')).toEqual([
    {
      Effect: 'Allow',
      Action: ['s3:AbortMultipartUpload', 's3:PutObject'],
      Resource: [{ 'Fn::Join': ['', [bucket, '/digits/*']] }, { 'Fn::Join': ['', [bucket, '/errors/digits/*']] }],
    },
    { Effect: 'Allow', Action: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], Resource: bucket },
  ]);
  const [logs] = resourceOf(stack, 'AWS::IAM::Role', 'DigitsCaptureLogsRole').properties.AssumeRolePolicyDocument.Statement;
  expect(logs.Principal).toEqual({ Service: 'logs.amazonaws.com' });
  expect(logs.Condition.StringLike['aws:SourceArn']['Fn::Join'][1].slice(2)).toEqual([':logs:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':*']);
  expect(resourceOf(stack, 'AWS::IAM::Role', 'DigitsCaptureStreamRole').properties.AssumeRolePolicyDocument.Statement).toMatchObject([
    { Principal: { Service: 'firehose.amazonaws.com' }, Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'AWS::AccountId' } } } },
  ]);
});

test('a key encrypts the bucket and the log group, and CloudWatch Logs may use it', () => {
  const stack = emptyStack();
  const key = new kms.Key(stack, 'Key');
  modelFunction(stack, { capture: capture({ encryptionKey: key }) });
  const template = Template.fromStack(stack);
  const arn = { 'Fn::GetAtt': [resourceOf(stack, 'AWS::KMS::Key').id, 'Arn'] };

  template.hasResourceProperties('AWS::Logs::LogGroup', { KmsKeyId: arn });
  template.hasResourceProperties('AWS::S3::Bucket', {
    BucketEncryption: { ServerSideEncryptionConfiguration: [{ BucketKeyEnabled: true, ServerSideEncryptionByDefault: { KMSMasterKeyID: arn, SSEAlgorithm: 'aws:kms' } }] },
  });
  template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({
      Principal: { Service: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]] } },
      Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': Match.objectLike({ 'Fn::Join': ['', Match.arrayWith([':log-group:*'])] }) } },
    })]) },
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: arn }]) },
  });
});

test('a bucket of the user\'s is used as it is', () => {
  const stack = emptyStack();
  const bucket = s3.Bucket.fromBucketName(stack, 'Mine', 'captures');
  const model = modelFunction(stack, { capture: capture({ bucket }) });

  expect(model.captureBucket).toBe(bucket);
  expect(Object.keys(Template.fromStack(stack).findResources('AWS::S3::Bucket')).filter((id) => id.includes('Capture'))).toEqual([]);
});

test('redact tells the function which inputs are captured without values, and changes nothing else', () => {
  const variables = (options: Partial<RequestCaptureOptions>) => functionProperties({ capture: capture(options) }).Environment.Variables;

  expect(variables({ redact: ['age', 'the "name"'] })).toMatchObject({ CAPTURE_RATE: '0.25', CAPTURE_REDACT: '["age","the \\"name\\""]' });
  expect(variables({})).not.toHaveProperty('CAPTURE_REDACT');
});

test('a ModelMonitor refuses redacted requests, unless they come from elsewhere', () => {
  const { stack, model } = templateOf({ capture: capture({ redact: ['age'] }) });

  expect(() => new ModelMonitor(stack, 'Monitor', { endpoint: model })).toThrow(
    'the endpoint Stack/Digits captures requests without the values of age (capture.redact), and a comparison needs all inputs: leave redact out',
  );
  expect(() => new ModelMonitor(stack, 'Elsewhere', { endpoint: model, captureBucket: s3.Bucket.fromBucketName(stack, 'Whole', 'whole') })).not.toThrow();
});

test('requests that could not be captured have a metric', () => {
  const { model } = templateOf();

  expect(model.metricDroppedCaptures()).toMatchObject({ namespace: 'CdkTensorFlow', metricName: 'DroppedCaptures', statistic: 'Sum' });
  expect(() => templateOf({ capture: undefined }).model.metricDroppedCaptures()).toThrow('the function has no capture: give capture');
  expect(() => templateOf({ embeddedMetrics: false }).model.metricDroppedCaptures()).toThrow('embeddedMetrics is false');
});

test.each([[1, 1], [6, 5], [30, 30], [400, 400], [3653, 3653]])('captured requests of %d days pass through a log that keeps events for %d days', (days, kept) => {
  templateOf({ capture: capture({ retention: Duration.days(days) }) }).template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: kept });
});

test.each<[string, Partial<ModelFunctionProps>, string]>([
  ['a rate of 0', { capture: capture({ rate: 0 }) }, 'capture.rate must be above 0 and at most 1, got 0'],
  ['a percentage', { capture: capture({ rate: 5 }) }, 'capture.rate must be above 0 and at most 1, got 5'],
  ['no rate', { capture: capture({ rate: NaN }) }, 'capture.rate must be above 0 and at most 1, got NaN'],
  ['hours', { capture: capture({ retention: Duration.hours(36) }) }, 'capture.retention must be whole days between 1 and 3653, got 1.5 days'],
  ['a retention without a unit', { capture: capture({ retention: 30 as any }) }, 'capture.retention must be a Duration, got 30: give Duration.days(30)'],
  ['a rate alone', { capture: 0.01 as any }, 'capture must be a RequestCapture, got 0.01'],
  ['a longer log', { capture: capture(), logRetention: logs.RetentionDays.TWO_MONTHS }, 'logRetention must not be longer than capture.retention (45 days), got 60 days'],
  ['an endless log', { capture: capture(), logRetention: logs.RetentionDays.INFINITE }, 'got INFINITE'],
  ['its variable', { environment: { CAPTURE_RATE: '1' } }, 'environment must not set CAPTURE_RATE: use capture'],
  ['the variable of redact', { environment: { CAPTURE_REDACT: '[]' } }, 'environment must not set CAPTURE_REDACT: use capture'],
  ['an empty redact', { capture: capture({ redact: [] }) }, 'capture.redact must be a list of names of inputs, got []: leave it out to capture all values'],
  ['one name as redact', { capture: capture({ redact: 'image' as any }) }, 'capture.redact must be a list of names of inputs, got "image"'],
  ['a token as redact', { capture: capture({ redact: Token.asList({ Ref: 'Names' }) }) }, 'capture.redact must not be a token: give the names of the inputs'],
  ['an empty name in redact', { capture: capture({ redact: ['image', ''] }) }, 'capture.redact must have names of inputs, got ""'],
  ['redact with replay', { capture: capture({ redact: ['age', 'name'] }), replay: { maxDisagreement: 0.05 } },
    'replay must not be used with capture.redact (age, name): the captured requests have no values to send, so that there is nothing to compare'],
])('%s is refused', (_, props, problem) => {
  expect(() => modelFunction(emptyStack(), props)).toThrow(problem);
});

test.each([[undefined, 'INFINITE'], [logs.RetentionDays.ONE_YEAR, '365 days']])('a log group that keeps events for %p days is refused', (retention, got) => {
  const stack = emptyStack();
  const logGroup = new logs.LogGroup(stack, 'Mine', { retention: retention ?? logs.RetentionDays.INFINITE, removalPolicy: RemovalPolicy.DESTROY });

  expect(() => modelFunction(stack, { capture: capture(), logGroup })).toThrow(`logGroup must not keep events longer than capture.retention (45 days), got ${got}`);
});

test('the bucket of the models is refused, and so is a key beside a bucket or a log group that have their own', () => {
  const stack = emptyStack();
  const bucket = new s3.Bucket(stack, 'Models-', { versioned: true });
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/1');
  const logGroup = new logs.LogGroup(stack, 'Mine', { retention: logs.RetentionDays.ONE_WEEK });

  expect(() => modelFunction(stack, { capture: capture({ bucket, encryptionKey }), artifactBucket: bucket, logGroup }))
    .toThrow(/capture\.bucket and capture\.encryptionKey exclude[^]*capture\.bucket must not be artifactBucket[^]*logGroup and capture\.encryptionKey exclude/);
});

test.each(FLAG_SETS)('cdk-nag\'s AwsSolutions pack finds nothing in what captures requests, %s', (_, flags) => {
  const { stack } = templateOf({}, flags);

  expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
});
