import { join } from 'path';
import { App, Duration, Lazy, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch_actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IModelArtifact, ModelMonitorProps } from '../../lib';
import { EvaluationData, ModelArtifact, ModelMonitor, ModelSource, RequestCapture } from '../../lib';
import { FLAG_SETS, emptyStack, modelFunction, resourceOf, tfliteFile, UNBUNDLED } from '../function/fixtures';

const DATA = EvaluationData.fromAsset(join(__dirname, '..', '..', 'examples', 'digits', 'evaluation.npz'));

function monitor(stack: Stack, props: Partial<ModelMonitorProps> = {}): ModelMonitor {
  return new ModelMonitor(stack, 'Monitor', {
    endpoint: props.endpoint ?? modelFunction(stack, { modelName: 'digits' }),
    captureBucket: s3.Bucket.fromBucketName(stack, 'Captured', 'captured'),
    ...props,
  });
}

const statements = (stack: Stack): any[] => Object.entries(Template.fromStack(stack).toJSON().Resources as Record<string, any>)
  .filter(([id]) => id.startsWith('MonitorComparisonRole'))
  .flatMap(([, { Properties }]) => Properties.PolicyDocument?.Statement
    ?? (Properties.Policies ?? []).flatMap((policy: any) => policy.PolicyDocument.Statement));
const variables = (stack: Stack) => Object.fromEntries(
  resourceOf(stack, 'AWS::CodeBuild::Project', 'MonitorComparison').properties.Environment.EnvironmentVariables.map(({ Name, Value }: any) => [Name, Value]),
);

test('installs from another package index on request', () => {
  const stack = emptyStack();
  monitor(stack, { packageIndexUrl: 'https://mirror.example/simple' });

  expect(resourceOf(stack, 'AWS::CodeBuild::Project', 'MonitorComparison').properties.Source.BuildSpec).toContain('https://mirror.example/simple');
});

test('compares the version that serves with the requests of a day, once a day', () => {
  const stack = emptyStack();
  monitor(stack);

  expect(variables(stack)).toEqual({
    ARTIFACT_BUCKET: 'models', MANIFEST_KEY: 'digits-0123abcd/litert/7/manifest.json', MODEL_POINTER: '', CAPTURE_BUCKET: 'captured',
    PERIOD_HOURS: '24', MIN_SAMPLES: '200', MIN_STABILITY_INDEX: '0.2',
  });
  Template.fromStack(stack).hasResourceProperties('AWS::CodeBuild::Project', { ConcurrentBuildLimit: 1, QueuedTimeoutInMinutes: 60, TimeoutInMinutes: 60 });
  Template.fromStack(stack).hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^MonitorComparisonProject'), 'Arn'] }, RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 } },
  });
});

test('makes its schedule after the endpoint, whose minutes make the schedule\'s role known everywhere', () => {
  const stack = emptyStack();
  monitor(stack);

  const resources = Template.fromStack(stack).toJSON().Resources as Record<string, any>;
  const [{ DependsOn }] = Object.values(resources).filter(({ Type }) => Type === 'AWS::Scheduler::Schedule');
  expect(DependsOn.map((id: string) => resources[id].Type)).toEqual(expect.arrayContaining(['Custom::TensorFlowModelCompatibility']));
});

test('takes another period and other thresholds', () => {
  const stack = emptyStack();
  monitor(stack, { period: Duration.hours(6), minSamples: 50, minStabilityIndex: 0.1 });

  expect(variables(stack)).toMatchObject({ PERIOD_HOURS: '6', MIN_SAMPLES: '50', MIN_STABILITY_INDEX: '0.1' });
  Template.fromStack(stack).hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(6 hours)' });
});

test('follows the pointer of a model that another stack publishes', () => {
  const stack = emptyStack();
  const artifact: IModelArtifact = ModelArtifact.fromParameter(stack, 'Model', {
    parameterName: '/models/digits', bucket: s3.Bucket.fromBucketName(stack, 'Elsewhere', 'models'),
  });
  const endpoint = Object.assign(modelFunction(stack), { artifact });
  monitor(stack, { endpoint });

  const found = variables(stack);
  expect(found.MANIFEST_KEY).toBe('');
  expect(found.MODEL_POINTER).toHaveProperty('Ref');
});

test('uses the capture bucket of the endpoint', () => {
  const stack = emptyStack();
  const captureBucket = s3.Bucket.fromBucketName(stack, 'Own', 'own');
  const made = monitor(stack, { captureBucket: undefined, endpoint: Object.assign(modelFunction(stack), { captureBucket }) });

  expect(made.captureBucket).toBe(captureBucket);
  expect(variables(stack).CAPTURE_BUCKET).toBe('own');
});

describe('the stack of a monitor', () => {
  const capture = RequestCapture.sampled({ rate: 0.1, retention: Duration.days(7) });
  const optimized = (scope: Stack) => modelFunction(scope, { model: ModelSource.fromAsset(tfliteFile()), evaluation: DATA, capture });
  const twoStacks = () => {
    const app = new App({ context: UNBUNDLED });
    return [new Stack(app, 'Serving'), new Stack(app, 'Monitoring')];
  };

  test('must be that of a model whose version is known when it is deployed, because no other version could be deployed while it imports this one', () => {
    const [serving, monitoring] = twoStacks();
    expect(() => new ModelMonitor(monitoring, 'Monitor', { endpoint: optimized(serving) })).toThrow(
      'the model "Serving/Digits/Optimizer" belongs to another stack, and CloudFormation refuses to change what one stack exports while another uses it, so that no further '
      + 'version could be deployed: make the monitor in the stack "Serving"',
    );
  });

  test('must be that of a model with a pointer', () => {
    const [serving, monitoring] = twoStacks();
    const artifact: IModelArtifact = ModelArtifact.fromParameter(serving, 'Model', {
      parameterName: '/models/digits', bucket: s3.Bucket.fromBucketName(serving, 'Elsewhere', 'models'),
    });
    expect(() => monitor(monitoring, { endpoint: Object.assign(modelFunction(serving), { artifact }) })).toThrow('make the monitor in the stack "Serving"');
  });

  test('may be another one if the app names the version', () => {
    const [serving, monitoring] = twoStacks();
    monitor(monitoring, { endpoint: modelFunction(serving, { modelName: 'digits' }) });
    expect(variables(monitoring).MANIFEST_KEY).toBe('digits-0123abcd/litert/7/manifest.json');
  });

  test('may be a nested one', () => {
    const [serving] = twoStacks();
    const nested = new NestedStack(serving, 'Nested');
    new ModelMonitor(nested, 'Monitor', { endpoint: optimized(serving) });
    expect(variables(nested).MANIFEST_KEY).toEqual({ Ref: expect.stringContaining('ManifestKey') });
  });
});

test('refuses a model that is published without evaluation data, because requests have nothing to be compared with', () => {
  const stack = emptyStack();
  const endpoint = modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()) });

  expect(() => monitor(stack, { endpoint })).toThrow(
    'the model "Stack/Digits/Optimizer" is published without evaluation data, so that requests have nothing to be compared with, and every comparison would fail: '
    + 'give it evaluation: EvaluationData.fromAsset(…) or fromBucket(…)',
  );
});

describe('the role of the comparison', () => {
  const allowed = (found: any[], action: string) => found.filter(({ Action }) => [Action].flat().includes(action));

  test('reads the captured requests of this model, and adds reports and nothing else to their bucket', () => {
    const stack = emptyStack();
    monitor(stack);
    const found = statements(stack);
    const arn = (path: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::captured${path}`]] });

    expect(allowed(found, 's3:GetObject').map(({ Resource }) => Resource)).toContainEqual(arn('/digits/*'));
    expect(allowed(found, 's3:PutObject')).toEqual([{ Action: 's3:PutObject', Effect: 'Allow', Resource: arn('/drift-reports/digits/*') }]);
    expect(allowed(found, 's3:ListBucket')).toContainEqual({
      Action: 's3:ListBucket', Effect: 'Allow', Resource: arn(''), Condition: { StringLike: { 's3:prefix': 'digits/*' } },
    });
    expect(found.flatMap(({ Action }) => Action).filter((action) => /Delete|\*/.test(action))).toEqual([]);
  });

  test('writes metrics of this library\'s namespace, and publishes this event only', () => {
    const stack = emptyStack();
    monitor(stack);
    const found = statements(stack);

    expect(allowed(found, 'cloudwatch:PutMetricData')).toEqual([{
      Action: 'cloudwatch:PutMetricData', Effect: 'Allow', Resource: '*', Condition: { StringEquals: { 'cloudwatch:namespace': 'CdkTensorFlow' } },
    }]);
    expect(allowed(found, 'events:PutEvents')).toEqual([expect.objectContaining({
      Condition: { StringEquals: { 'events:source': 'cdk-tensorflow', 'events:detail-type': 'ModelDrifted' } },
    })]);
  });

  test('uses the key of the capture bucket', () => {
    const stack = emptyStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    monitor(stack, { captureBucket: new s3.Bucket(stack, 'Own', { encryptionKey, encryption: s3.BucketEncryption.KMS }) });

    expect(allowed(statements(stack), 'kms:GenerateDataKey')).toEqual([{
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Effect: 'Allow', Resource: stack.resolve(encryptionKey.keyArn),
    }]);
  });

  test('is assumed for this account only, like the role of the schedule, which starts this project and nothing else', () => {
    const stack = emptyStack();
    monitor(stack);

    expect(resourceOf(stack, 'AWS::IAM::Role', 'MonitorComparisonRole').properties.AssumeRolePolicyDocument.Statement).toEqual([{
      Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    }]);
    const [trust] = resourceOf(stack, 'AWS::IAM::Role', 'SchedulerRole').properties.AssumeRolePolicyDocument.Statement;
    expect(trust.Principal).toEqual({ Service: 'scheduler.amazonaws.com' });
    expect(Object.keys(trust.Condition.StringEquals)).toEqual(['aws:SourceAccount', 'aws:SourceArn']);
    const policy = resourceOf(stack, 'AWS::IAM::Policy', 'SchedulerRole').properties.PolicyDocument.Statement;
    expect(policy).toEqual([{
      Action: 'codebuild:StartBuild', Effect: 'Allow', Resource: { 'Fn::GetAtt': [expect.stringMatching('^MonitorComparisonProject'), 'Arn'] },
    }]);
  });
});

test('the alarm goes off for any drifted feature, and keeps its state between comparisons', () => {
  const stack = emptyStack();
  const topic = new sns.Topic(stack, 'Topic');
  monitor(stack, { alarmActions: [new cloudwatch_actions.SnsAction(topic)] });

  expect(resourceOf(stack, 'AWS::CloudWatch::Alarm', 'MonitorDrift').properties).toMatchObject({
    Namespace: 'CdkTensorFlow', MetricName: 'DriftedFeatures', Statistic: 'Maximum', Threshold: 0, ComparisonOperator: 'GreaterThanThreshold',
    EvaluationPeriods: 1, TreatMissingData: 'ignore', AlarmActions: [stack.resolve(topic.topicArn)],
    Dimensions: [{ Name: 'ModelName', Value: 'digits' }, { Name: 'ProjectName', Value: { Ref: expect.stringMatching('^MonitorComparisonProject') } }],
  });
});

test('names every metric that a comparison writes', () => {
  const made = monitor(emptyStack());

  expect([made.metricDriftedFeatures(), made.metricStabilityIndex(), made.metricDivergence(), made.metricComparedSamples({ period: Duration.days(1) })]
    .map(({ metricName, period }) => [metricName, period.toSeconds()])).toEqual([
    ['DriftedFeatures', 300], ['MaxPopulationStabilityIndex', 300], ['MaxJensenShannonDivergence', 300], ['ComparedSamples', 86400],
  ]);
});

test('the rule of onDrift may be named Drift, as docs/monitoring.md names it', () => {
  const rule = monitor(emptyStack()).onDrift('Drift');

  expect(rule.node.path).toBe('Stack/Monitor/Drift');
});

test('onDrift sends the events of this model to a target', () => {
  const stack = emptyStack();
  const topic = new sns.Topic(stack, 'Topic');
  monitor(stack).onDrift('Told', { target: new events_targets.SnsTopic(topic), description: 'Drift' });

  Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', {
    Description: 'Drift',
    EventPattern: { 'source': ['cdk-tensorflow'], 'detail-type': ['ModelDrifted'], 'detail': { bucket: ['captured'], modelName: ['digits'] } },
    Targets: [Match.objectLike({ Arn: stack.resolve(topic.topicArn) })],
  });
});

describe('a synth error says what is wrong', () => {
  test('for all properties at once', () => {
    const stack = emptyStack();

    expect(() => monitor(stack, { captureBucket: undefined, period: Duration.minutes(90), minSamples: 5, minStabilityIndex: -1 })).toThrow([
      '4 problems:',
      '  - the endpoint Stack/Digits captures no requests, so that there is nothing to compare: give it capture, or give captureBucket',
      '  - period must be whole hours, at least one and at most 31 days, got 5400 seconds: give e.g. Duration.days(1)',
      '  - minSamples must be between 20 and 100000, got 5: captured requests beyond the newest 10,000 are not read',
      '  - minStabilityIndex must be between 0 and 10, got -1: 0.1 is usually called a small difference, 0.2 a large one',
    ].join('\n'));
  });

  test.each([
    [{ period: 24 as any }, 'period must be a Duration, got 24: give Duration.seconds(24)'],
    [{ packageIndexUrl: 'mirror' }, 'packageIndexUrl must be an http or https address, got "mirror"'],
    [{ packageIndexUrl: 'https://me:secret@mirror.example' },
      'packageIndexUrl must not hold a user or password, because it is part of the template: give the address of an index that asks for none'],
    [{ period: Duration.days(32) }, 'period must be whole hours, at least one and at most 31 days'],
    [{ period: Duration.millis(1500) }, 'period must be whole hours, at least one and at most 31 days, got 1.5 seconds'],
    [{ period: Duration.hours(Lazy.number({ produce: () => 6 })) }, 'period must be known when the app is synthesized'],
    [{ captureBucket: 'captured' as any }, 'captureBucket must be an IBucket, got "captured"'],
    [{ endpoint: {} as any }, 'endpoint must be an endpoint with a model, such as a ModelFunction'],
  ])('for %j', (props, problem) => {
    expect(() => monitor(emptyStack(), props)).toThrow(problem);
  });

  test('for an artifact of a class of the user\'s own', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);
    const own = Object.assign(Object.create(Object.getPrototypeOf(endpoint)), { node: endpoint.node, modelName: 'digits', artifact: { node: endpoint.node, bucket: endpoint.artifact.bucket } });

    expect(() => monitor(stack, { endpoint: own })).toThrow('the endpoint\'s artifact is a class of your own');
  });
});

test.each(FLAG_SETS)('cdk-nag\'s AwsSolutions pack finds nothing in a monitor %s', (_, flags) => {
  const stack = new Stack(new App({ context: { ...flags, ...UNBUNDLED } }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  monitor(stack);

  const found = new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations
    .flatMap(({ ruleName, violatingResources }) => violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`));
  expect(found.filter((finding) => /Monitor|Scheduler/.test(finding))).toEqual([]);
});
