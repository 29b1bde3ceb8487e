import { readFileSync } from 'fs';
import { join } from 'path';
import { App, CliCredentialsStackSynthesizer, Duration, Lazy, LegacyStackSynthesizer, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelDeliveryProps } from '../../lib';
import { ModelDelivery, ModelFormat, ModelOptimizer, ModelSource } from '../../lib';
import { directoryWith, savedModelFiles } from '../model/model-files';
import { build, idOf, jobOf, statementsOf } from '../optimization/optimizer-fixtures';

const env = { account: '111122223333', region: 'eu-west-1' };
const { context: flags } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };

function deliver(props: Partial<ModelDeliveryProps> = {}, app = new App()) {
  const stack = new Stack(app, 'Delivery', { env });
  const delivery = new ModelDelivery(stack, 'Digits', { key: 'digits.zip', stackNames: ['Serving'], ...props });
  return { app, stack, delivery };
}

/** A delivery and the stack that serves. */
function served(props: Partial<ModelDeliveryProps> = {}, app = new App()) {
  const made = deliver(props, app);
  const serving = new Stack(made.app, 'Serving', { env });
  const optimizer = new ModelOptimizer(serving, 'Digits', { model: ModelSource.fromDelivery(made.delivery) });
  return { ...made, serving, optimizer };
}

const { delivery, stack, serving } = served();
const template = Template.fromStack(stack);
const servingTemplate = Template.fromStack(serving);

test('nothing keeps the stack of a delivery from being destroyed before the stacks that serve, which docs/delivery.md says', () => {
  const made = served({}, new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } }));
  expect(JSON.stringify(Template.fromStack(made.serving).toJSON())).not.toContain('Fn::ImportValue');
  const outputs = Object.values(Template.fromStack(made.stack).toJSON().Outputs ?? {}) as { Export?: unknown }[];
  expect(outputs.filter(({ Export }) => Export !== undefined)).toEqual([]);
  expect(readFileSync(join(__dirname, '..', '..', 'docs', 'delivery.md'), 'utf8')).toMatch(/Destroy the stacks that serve before the stack of their delivery/);
});

describe('the stack of a delivery', () => {
  test('keeps uploads: private, encrypted, with versions and events', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
        BucketEncryption: Match.anyValue(),
        LifecycleConfiguration: { Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' }] },
      },
    });
  });

  test('leaves nothing else when it is deleted', () => {
    const retained = Object.values<any>(template.toJSON().Resources).filter(({ Type, DeletionPolicy }) => (
      /Retain/.test(DeletionPolicy) || (DeletionPolicy === undefined && ['AWS::Logs::LogGroup', 'AWS::DynamoDB::Table'].includes(Type))));

    expect(retained.map(({ Type }) => Type)).toEqual(['AWS::S3::Bucket']);
  });

  test('makes the role that starts deliveries before a function, for whose role CloudFormation waits, and so does the rule', () => {
    const [role] = Object.keys(template.findResources('AWS::IAM::Role', {
      Properties: { AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: 'events.amazonaws.com' } }] } },
    }));
    const [{ DependsOn }]: any[] = Object.values(template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'index.find_reason' } }));
    const [{ Properties: { Targets: [target] } }]: any[] = Object.values(template.findResources('AWS::Events::Rule'));

    expect(DependsOn).toContain(role);
    expect(target.RoleArn).toEqual({ 'Fn::GetAtt': [role, 'Arn'] });
    expect(JSON.stringify(template.toJSON().Resources[role])).not.toContain('StateMachine"');
  });

  test('has parameters that CloudFormation never writes again', () => {
    template.resourceCountIs('AWS::SSM::Parameter', 0);
    const made: any[] = Object.values(template.findResources('Custom::TensorFlowDeliveryParameter'));
    expect(made.map(({ Properties: { Name, Value } }) => [Name, Value])).toEqual([[delivery.sourceParameterName, 'none'], [delivery.serveParameterName, 'built']]);
  });

  test('starts an execution for each upload of the one key', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'source': ['aws.s3'], 'detail-type': ['Object Created'], 'detail': { bucket: { name: [{ Ref: idOf(delivery.bucket) }] }, object: { key: ['digits.zip'] } } },
      Targets: [{ InputTransformer: { InputTemplate: Match.stringLikeRegexp('^\\{"event":true,"objectVersion":<detail-object-version-id>\\}$') } }],
    });
  });

  test('has a state machine whose role may do exactly this, update these stacks only, and pass them no role', () => {
    const statements = statementsOf(template, idOf(delivery.node.findChild('Role') as iam.Role));

    expect(statements.map(({ Effect, Action, Resource, Condition }) => [Effect, Action, JSON.stringify(Resource), Condition])).toEqual([
      ['Allow', 's3:ListBucketVersions', JSON.stringify({ 'Fn::GetAtt': [idOf(delivery.bucket), 'Arn'] }), { StringEquals: { 's3:prefix': 'digits.zip' } }],
      ['Allow', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], expect.stringMatching(/^\{"Fn::GetAtt":\["\w*Turns\w+","Arn"\]\}$/), undefined],
      ['Allow', 'states:DescribeExecution', expect.stringMatching(/:execution:[^*]+:\*"/), undefined],
      ['Allow', ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:PutParameter'], expect.stringMatching(/^\[[^*]*:parameter\/[^*]*source[^*]*:parameter\/[^*]*serve[^*]*\]$/), undefined],
      ['Allow', 'ssm:GetParameters', expect.stringMatching(/:parameter\/cdk-bootstrap\/\*.*::parameter\/aws\/service\/\*/), undefined],
      ['Allow', ['cloudformation:DescribeStacks', 'cloudformation:UpdateStack'], expect.stringMatching(/^\{[^[]*\[[^[]*\[[^*]*:stack\/Serving\/\*"\]\]\}$/), undefined],
      ['Allow', 'lambda:InvokeFunction', expect.stringMatching(/^\{"Fn::GetAtt":\["\w*FunctionsReason\w+","Arn"\]\}$/), undefined],
      ['Allow', 'events:PutEvents', expect.stringContaining(':event-bus/default'), { StringEquals: { 'events:source': 'cdk-tensorflow' } }],
    ]);
  });

  test('has functions that may write their log, read why these stacks failed, and keep these parameters, and nothing else', () => {
    const permitted = (id: string) => statementsOf(template, Object.keys(template.findResources('AWS::IAM::Role')).find((name) => name.includes(id))!)
      .map(({ Action, Resource }) => [Action, JSON.stringify(Resource)]);
    const log = [['logs:CreateLogStream', 'logs:PutLogEvents'], expect.stringMatching(/Logs[0-9A-F]{8}","Arn"/)];

    expect(permitted('ReasonRole')).toEqual([log, ['cloudformation:DescribeStackEvents', expect.stringContaining(':stack/Serving/*')]]);
    expect(permitted('ParametersRole')).toEqual([log, [
      ['ssm:PutParameter', 'ssm:DeleteParameter', 'ssm:AddTagsToResource', 'ssm:ListTagsForResource'],
      expect.stringMatching(/:parameter\/.*source.*:parameter\/.*serve/),
    ]]);
  });

  test('alarms on executions that fail or take too long', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 0,
      DatapointsToAlarm: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'FILL(failed, 0) + FILL(timedOut, 0)' }),
        Match.objectLike({ MetricStat: { Metric: { MetricName: 'ExecutionsFailed' } } }),
        Match.objectLike({ MetricStat: { Metric: { MetricName: 'ExecutionsTimedOut' } } }),
      ]),
    });
  });

  test.each([['with', flags], ['without', {}]])('has no finding of cdk-nag, %s feature flags', (_, context) => {
    const app = new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
    const made = served({ failureTopic: undefined }, app);

    expect(new AwsSolutionsChecks(app).validateScope(made.stack).violations).toEqual([]);
  });
});

describe('a stack that serves what is delivered', () => {
  test('reads the parameters anew at each update, as CloudFormation does with these types', () => {
    const parameters = Object.values(servingTemplate.findParameters('*')).map(({ Type, Default }: any) => [Type, Default]);

    for (const name of [delivery.sourceParameterName, delivery.serveParameterName]) {
      expect(parameters).toContainEqual(['AWS::SSM::Parameter::Value<String>', name]);
    }
  });

  test('builds the object version of the parameter, and says what to serve', () => {
    const { Serve } = build(servingTemplate).Properties;
    const job = jobOf(servingTemplate);

    expect(Serve).toEqual({ Ref: expect.stringMatching(/serve/) });
    expect(job.source).toMatchObject({ packaging: 'zip', identity: { objectVersion: 'TOKEN' }, location: { key: 'digits.zip', objectVersion: 'TOKEN' } });
    expect(job.source.identity).not.toHaveProperty('uri');
  });

  test('says in an output which version it serves, for the delivery alone', () => {
    const [[name, { Value }]] = Object.entries<any>(servingTemplate.findOutputs('*'));
    const text = Value['Fn::Join'][1].map((part: any) => (typeof part === 'string' ? part : part.Ref ?? part['Fn::GetAtt'][1])).join('');

    expect(name).toMatch(/^DigitsBuildDeliveredModel/);
    expect(JSON.parse(text)).toEqual({
      delivery: delivery.serveParameterName, model: 'digits', bucket: expect.any(String), manifestKey: 'ManifestKey', manifestSha256: 'ManifestSha256',
    });
  });

  test('is deployed after the delivery', () => {
    expect(serving.dependencies).toContain(stack);
  });

  test('has nothing of it without a delivery', () => {
    const plain = new Stack(new App(), 'Plain', { env });
    new ModelOptimizer(plain, 'Digits', { model: ModelSource.fromAsset(directoryWith(savedModelFiles())) });

    expect(build(Template.fromStack(plain)).Properties).not.toHaveProperty('Serve');
    expect(Template.fromStack(plain).findOutputs('*')).toEqual({});
  });
});

describe('people', () => {
  test('start executions, upload the one key, and get nothing else', () => {
    const made = served();
    const role = new iam.Role(made.stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
    made.delivery.grantDeliver(role);
    made.delivery.grantUpload(role);

    const actions = statementsOf(Template.fromStack(made.stack), idOf(role)).flatMap(({ Action }) => Action);
    expect(actions.filter((action: string) => !action.startsWith('s3:'))).toEqual(['states:StartExecution']);
    expect(actions.filter((action: string) => /Get|Delete|List\*/.test(action))).toEqual([]);
  });

  test('operate it: they read the delivery and start executions, and change nothing else', () => {
    const made = served();
    const role = new iam.Role(made.stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
    made.delivery.grantOperate(role);

    const statements = statementsOf(Template.fromStack(made.stack), idOf(role));
    const actions: string[] = statements.flatMap(({ Action }) => Action);
    const of = (action: string) => statements.find(({ Action }) => [Action].flat().includes(action));

    expect(actions.filter((action) => !/:(Get|List|Describe)[A-Z]\w+$/.test(action))).toEqual(['states:StartExecution']);
    expect(JSON.stringify(of('cloudformation:DescribeStacks').Resource)).toContain('stack/Serving/*');
    expect(of('s3:ListBucketVersions').Condition).toEqual({ StringEquals: { 's3:prefix': 'digits.zip' } });
    expect(of('cloudformation:ListStackResources').Resource).toEqual({ Ref: 'AWS::StackId' });
    expect([of('ssm:GetParameter').Resource].flat()).toHaveLength(2);
    expect(statements.filter(({ Resource }) => Resource === '*')).toEqual([]);
  });

  test('hear of failures by a topic, with the stack and its reason', () => {
    const app = new App();
    const topic = new sns.Topic(new Stack(app, 'Topics', { env }), 'Failures');
    const made = served({ failureTopic: topic }, app);

    Template.fromStack(made.stack).hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'source': ['cdk-tensorflow'], 'detail-type': ['ModelDeliveryFailed', 'ModelDeliveryStuck'], 'detail': { key: ['digits.zip'] } },
      Targets: [{
        InputTransformer: {
          InputPathsMap: Match.objectLike({ 'detail-reason': '$.detail.reason', 'detail-failedStack': '$.detail.failedStack' }),
          // Placeholders outside quotes: EventBridge encodes a reason with quotes and line breaks.
          InputTemplate: '{"outcome":<detail-outcome>,"key":"digits.zip","objectVersion":<detail-objectVersion>,"failedStack":<detail-failedStack>,"reason":<detail-reason>}',
        },
      }],
    });
    Template.fromStack(made.stack).hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmActions: [Match.anyValue()] });
  });

  test('hear of the alarm too, which the topic\'s policy for the events would shut out', () => {
    const app = new App();
    const topics = new Stack(app, 'Topics', { env });
    served({ failureTopic: new sns.Topic(topics, 'Failures') }, app);

    const [{ Properties: { PolicyDocument: { Statement } } }]: any[] = Object.values(Template.fromStack(topics).findResources('AWS::SNS::TopicPolicy'));
    expect(Statement.map(({ Principal, Action, Condition }: any) => [Principal.Service, Action, Condition])).toEqual([
      ['events.amazonaws.com', 'sns:Publish', undefined],
      ['cloudwatch.amazonaws.com', 'sns:Publish', { StringEquals: { 'aws:SourceAccount': env.account } }],
    ]);
  });

  test.each([
    ['onEvent', ['ModelDelivered', 'ModelDeliveryFailed', 'ModelDeliveryStuck']],
    ['onDelivered', ['ModelDelivered']],
    ['onFailed', ['ModelDeliveryFailed', 'ModelDeliveryStuck']],
  ] as const)('subscribe by %s', (method, types) => {
    const made = served();
    made.delivery[method]('Heard', { target: new events_targets.SqsQueue(new sqs.Queue(made.stack, 'Queue')) });

    Template.fromStack(made.stack).hasResourceProperties('AWS::Events::Rule', { EventPattern: { 'source': ['cdk-tensorflow'], 'detail-type': types } });
  });
});

describe('a delivery with a bucket of the user\'s own', () => {
  test('uses it', () => {
    const app = new App();
    const own = new s3.Bucket(new Stack(app, 'Own', { env }), 'Uploads', { versioned: true, eventBridgeEnabled: true });
    const made = served({ bucket: own, pollInterval: Duration.seconds(30), parameterPrefix: '/models/digits' }, app);

    expect([made.delivery.bucket, made.delivery.sourceParameterName]).toEqual([own, '/models/digits/source']);
    Template.fromStack(made.stack).resourceCountIs('AWS::S3::Bucket', 0);
  });

  test('must keep versions', () => {
    const own = new s3.Bucket(new Stack(new App(), 'Own', { env }), 'Uploads');
    expect(() => deliver({ bucket: own })).toThrow('bucket must keep versions, because an upload is delivered as one: create it with versioned: true');
  });
});

describe('a bucket of this app that tells EventBridge of no upload', () => {
  const withBucket = (enable: (bucket: s3.Bucket) => void = () => undefined) => {
    const app = new App();
    const own = new s3.Bucket(new Stack(app, 'Own', { env }), 'Uploads', { versioned: true });
    served({ bucket: own }, app);
    enable(own);
    return app;
  };

  test('is a synth error, with the way out', () => {
    expect(() => withBucket().synth()).toThrow('bucket must send its events to EventBridge, because a delivery begins with one, and "Own/Uploads" sends none: create it with');
  });

  test('is none where that is switched on later, or by CloudFormation\'s own property', () => {
    withBucket((bucket) => bucket.enableEventBridgeNotification()).synth();
    withBucket((bucket) => {
      (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    }).synth();
  });
});

test('notifications that would replace the one to EventBridge are a synth error', () => {
  const made = served();
  made.delivery.bucket.addEventNotification(s3.EventType.OBJECT_CREATED, { bind: () => ({ arn: 'arn:aws:sns:eu-west-1:111122223333:t', type: s3.BucketNotificationDestinationType.TOPIC }) });

  expect(() => made.app.synth()).toThrow('notifications that are added to this bucket would replace the one to EventBridge');
});

describe('problems', () => {
  test.each<[Partial<ModelDeliveryProps>, string]>([
    [{ key: 'models/' }, 'key must be of one object, got the prefix "models/"'],
    [{ key: 'model.onnx' }, 'key must end with /'],
    [{ key: '/model.zip' }, 'key must be a key inside the bucket'],
    [{ key: 'model.weights.h5' }, 'holds weights without a model'],
    [{ key: '{a}.zip' }, 'without braces and percent signs'],
    [{ stackNames: [] }, 'stackNames must name at least one stack'],
    [{ stackNames: ['One', 'One'] }, 'stackNames must name each stack once, got "One" more than once'],
    [{ stackNames: ['a/b'] }, 'stackNames must be names of stacks, of at most 128 letters, digits and hyphens, got "a/b"'],
    [{ stateMachineName: 'a b' }, 'stateMachineName must be at most 80'],
    [{ parameterPrefix: 'models' }, 'parameterPrefix must be a path'],
    [{ parameterPrefix: '/models/' }, 'parameterPrefix must be a path'],
    [{ parameterPrefix: '/models//digits' }, 'parameterPrefix must be a path'],
    [{ pollInterval: Duration.seconds(301) }, 'pollInterval in seconds must be between 1 and 300, got 301'],
    [{ pollInterval: Duration.millis(1500) }, 'pollInterval in seconds must be a whole number between 1 and 300, got 1.5'],
    [{ pollInterval: 15 as any }, 'pollInterval must be a Duration, got 15: give Duration.seconds(15)'],
  ])('of %j are found', (props, problem) => {
    expect(() => deliver(props)).toThrow(problem);
  });

  test('of a stack whose name only the deployment knows are found', () => {
    expect(() => deliver({ stackNames: [Lazy.string({ produce: () => 'One' })] })).toThrow('stackNames must be known when the app is synthesized: give the stacks a stackName');
  });

  test('of a bucket in another Region are found, because S3 sends its events to EventBridge there', () => {
    const other = new Stack(new App(), 'Delivery', { env });
    const bucket = s3.Bucket.fromBucketAttributes(other, 'Mine', { bucketName: 'uploads', region: 'us-east-1' });
    expect(() => new ModelDelivery(other, 'Digits', { key: 'digits.zip', stackNames: ['Serving'], bucket })).toThrow(
      'bucket must be in the Region of its delivery, eu-west-1, because S3 sends events of uploads to EventBridge there, got one in us-east-1: give each Region a delivery with a bucket of its own',
    );
  });

  test('are reported together', () => {
    expect(() => deliver({ key: 'models/', stackNames: [] })).toThrow(/^(?=[\s\S]*2 problems)(?=[\s\S]*key must be of one object)(?=[\s\S]*at least one stack)/);
  });

  test('a model of the delivery\'s own stack is refused', () => {
    const made = deliver();
    expect(() => new ModelOptimizer(made.stack, 'Model', { model: ModelSource.fromDelivery(made.delivery) }))
      .toThrow('the delivery "Delivery/Digits" must be in a stack of its own, deployed first');
  });

  test('a model of the stack in which the delivery is nested is refused', () => {
    const parent = new Stack(new App(), 'Serving', { env });
    const inside = new ModelDelivery(new NestedStack(parent, 'Nested'), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
    expect(() => new ModelOptimizer(parent, 'Model', { model: ModelSource.fromDelivery(inside) }))
      .toThrow('the delivery "Serving/Nested/Digits" must be in a stack of its own, deployed first');
  });

  test('a model in a nested stack is refused, whose outputs the delivery does not read', () => {
    const made = deliver();
    const nested = new NestedStack(new Stack(made.app, 'Serving', { env }), 'Nested');
    expect(() => new ModelOptimizer(nested, 'Model', { model: ModelSource.fromDelivery(made.delivery) })).toThrow(
      '"Serving/Nested/Model" takes its model from the delivery "Delivery/Digits", and is in a nested stack, whose version the delivery cannot see: it reads the outputs of '
      + 'the stacks that it updates. Make it in the stack "Serving" itself, or in one of its own',
    );
  });

  test('a stack of another Region is refused', () => {
    const made = deliver();
    const other = new Stack(made.app, 'Serving', { env: { ...env, region: 'us-east-1' } });
    expect(() => new ModelOptimizer(other, 'Model', { model: ModelSource.fromDelivery(made.delivery) }))
      .toThrow('must be in the region of the stacks that it updates, got eu-west-1 for the delivery and us-east-1 for "Serving"');
  });

  test('a .tflite file cannot become a SavedModel, as from elsewhere', () => {
    const made = deliver({ key: 'model.tflite' });
    const other = new Stack(made.app, 'Serving', { env });
    expect(() => new ModelOptimizer(other, 'Model', { model: ModelSource.fromDelivery(made.delivery), format: ModelFormat.SAVED_MODEL })).toThrow('tflite');
  });

  test('a stack with a model from elsewhere has two sources of truth', () => {
    const made = deliver();
    new ModelOptimizer(new Stack(made.app, 'Serving', { env }), 'Digits', { model: ModelSource.fromAsset(directoryWith(savedModelFiles())) });

    expect(() => made.app.synth()).toThrow(/"Serving" is one of the stackNames of "Delivery\/Digits", and takes no model from it[\s\S]*second source of truth/);
  });

  test('a stack that is not named would not be updated', () => {
    const made = served({ stackNames: ['Another'] });
    expect(() => made.app.synth()).toThrow(/"Serving" takes its model from "Delivery\/Digits", whose stackNames are \["Another"\]/);
  });

  test.each([['CliCredentialsStackSynthesizer', new CliCredentialsStackSynthesizer()], ['LegacyStackSynthesizer', new LegacyStackSynthesizer()]])(
    'a stack with the %s has no role to be updated with', (name, synthesizer) => {
      const made = deliver();
      const serving = new Stack(made.app, 'Serving', { env, synthesizer });
      new ModelOptimizer(serving, 'Digits', { model: ModelSource.fromDelivery(made.delivery) });
      expect(() => made.app.synth()).toThrow(new RegExp(`"Serving" has the synthesizer ${name}, which gives it no execution role`));
    });
});
