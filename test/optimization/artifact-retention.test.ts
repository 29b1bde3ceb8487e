import { App, Duration, Lazy, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { EvaluationData, ModelArtifact, ModelDelivery, ModelFormat, ModelFunction, ModelOptimizer, ModelSource } from '../../lib';
import { ModelCompatibility } from '../../lib/optimization/model-compatibility';
import { actionsOf, build, createdBefore, evaluation, idOf, model, newStack, optimize, plain, statementsOf } from './optimizer-fixtures';

const DAILY = { ScheduleExpression: 'rate(1 day)' };

function settingsOf(template: Template): any {
  const [{ Properties }] = Object.values(template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'index.prune' } })) as any[];
  const parts = Properties.Environment.Variables.RETENTION['Fn::Join'][1];
  return JSON.parse(parts.map((part: any) => (typeof part === 'string' ? part : part.Ref ?? JSON.stringify(part))).join(''));
}

const pruningRole = (template: Template): string => Object.keys(template.findResources('AWS::IAM::Role', { Properties: { Description: Match.stringLikeRegexp('Removes old') } }))[0];

describe('without retention', () => {
  test('nothing prunes, nothing holds a lease, and onPruned says why it has no event', () => {
    expect(plain.optimizer.pruningFunction).toBeUndefined();
    plain.template().resourcePropertiesCountIs('AWS::Lambda::Function', { Handler: 'index.prune' }, 0);
    expect(build(plain.template()).Properties).not.toHaveProperty('Lease');
    expect(() => plain.optimizer.onPruned('Pruned')).toThrow('onPruned has no effect, because every version is kept: give retention');
  });
});

describe('retention', () => {
  const { optimizer, template } = optimize({ retention: { versions: 3, age: Duration.days(7) }, pointerParameterName: '/models/digits', evaluation });
  const role = pruningRole(template());
  const statements = statementsOf(template(), role);

  test('tells the pruning function what to keep, and where', () => {
    expect(settingsOf(template())).toEqual({
      bucket: idOf(optimizer.bucket), prefix: optimizer.keyPrefix, name: 'digits', format: 'litert', stackId: 'AWS::StackId', versions: 3, ageSeconds: 604_800,
      parameters: ['/models/digits'],
    });
  });

  test('keeps five versions, and what is younger than 30 days, by default', () => {
    expect(settingsOf(optimize({ retention: {} }).template())).toMatchObject({ versions: 5, ageSeconds: 2_592_000, parameters: [] });
    expect(settingsOf(optimize({ retention: { age: Duration.millis(172_800_001) } }).template()).ageSeconds).toBe(172_801);
  });

  test('runs after each successful update of the stack, and daily', () => {
    template().hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        'source': ['aws.cloudformation'],
        'detail-type': ['CloudFormation Stack Status Change'],
        'detail': { 'stack-id': [{ Ref: 'AWS::StackId' }], 'status-details': { status: ['UPDATE_COMPLETE'] } },
      },
      Targets: [{ Arn: { 'Fn::GetAtt': [idOf(optimizer.pruningFunction!), 'Arn'] } }],
    });
    template().hasResourceProperties('AWS::Events::Rule', { ...DAILY, Targets: [{ Arn: { 'Fn::GetAtt': [idOf(optimizer.pruningFunction!), 'Arn'] } }] });
  });

  test('has the build hold a lease, which its handlers may write before it runs', () => {
    expect(build(template()).Properties.Lease).toBe('true');
    const [handlers] = Object.entries(template().findResources('AWS::IAM::Policy')).filter(([, policy]) => JSON.stringify(policy).includes('/leases/*')
      && JSON.stringify(policy).includes('codebuild:StartBuild'));
    const [id] = Object.keys(template().findResources('Custom::TensorFlowModelBuild'));
    expect(createdBefore(template(), id)).toContain(handlers[0]);
  });

  test('deletes below the model\'s own prefix only, and neither leases nor claimed numbers', () => {
    const deleted = statements.filter(({ Action }) => JSON.stringify(Action).includes('Delete')).flatMap(({ Resource }) => [Resource].flat())
      .map((resource: any) => resource['Fn::Join'][1].at(-1));

    expect(deleted.sort()).toEqual(['builds/*', 'golden/*', 'keys/*', 'litert/*', 'pruned/*'].map((directory) => `/${optimizer.keyPrefix}/${directory}`));
    expect(new Set(actionsOf(statements))).toEqual(new Set([
      'logs:CreateLogStream', 'logs:PutLogEvents', 's3:ListBucket', 's3:ListBucketVersions', 's3:GetObject', 's3:PutObject', 's3:DeleteObject',
      's3:DeleteObjectVersion', 'cloudformation:DescribeStacks', 'ssm:GetParameter', 'events:PutEvents',
    ]));
    expect(statements.find(({ Action }) => Action === 'ssm:GetParameter').Resource['Fn::Join'][1].at(-1)).toMatch(/:parameter\/models\/digits$/);
  });

  test('deletes the archive of a SavedModel too', () => {
    const serving = optimize({ retention: {}, format: ModelFormat.SAVED_MODEL });

    const deletes = statementsOf(serving.template(), pruningRole(serving.template())).find(({ Action }) => Action === 's3:DeleteObjectVersion');
    expect(JSON.stringify(deletes.Resource)).toMatch(/saved_model[\s\S]*archive/);
  });

  test('keeps the job, which opens models of unknown origin, from writing leases and what is pruned', () => {
    const denied = statementsOf(template(), idOf(optimizer.role as iam.Role)).filter(({ Effect }) => Effect === 'Deny');

    expect(JSON.stringify(denied)).toMatch(/\/leases\/\*[\s\S]*\/pruned\/\*/);
  });

  test('uses the key that encrypts the models', () => {
    const stack = newStack();
    const encrypted = optimize({ retention: {}, encryptionKey: new kms.Key(stack, 'Key') }, stack);

    expect(actionsOf(statementsOf(encrypted.template(), pruningRole(encrypted.template())))).toEqual(expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey']));
  });

  test('waits for the outermost stack where the optimizer is in a nested one', () => {
    const stack = newStack();
    const nested = new NestedStack(stack, 'Nested');
    new ModelOptimizer(nested, 'Digits', { model, retention: {} });
    Template.fromStack(stack);

    const { stackId } = settingsOf(Template.fromStack(nested));
    expect(stackId).toMatch(/^referenceto/);
  });

  test('has an event that a rule selects', () => {
    const heard = optimize({ retention: {} });
    heard.optimizer.onPruned('Pruned', { description: 'old versions are gone' });

    heard.template().hasResourceProperties('AWS::Events::Rule', { EventPattern: { 'source': ['cdk-tensorflow'], 'detail-type': ['ModelPruned'] } });
  });

  test('is an option of endpoints', () => {
    const stack = newStack({ 'aws:cdk:bundling-stacks': [] });
    const endpoint = new ModelFunction(stack, 'Digits', { model, retention: { versions: 2 } });

    expect(endpoint.optimizer!.pruningFunction).toBeDefined();
  });

  test('keeps what a delivery names', () => {
    const app = new App();
    const delivery = new ModelDelivery(new Stack(app, 'Delivery'), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
    const serving = new Stack(app, 'Serving');
    new ModelOptimizer(serving, 'Digits', { model: ModelSource.fromDelivery(delivery), retention: {} });

    expect(settingsOf(Template.fromStack(serving)).parameters).toEqual([delivery.serveParameterName]);
  });

  test('has no finding of cdk-nag', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
    const stack = new Stack(app, 'Nagged');
    new ModelOptimizer(stack, 'Digits', { model, evaluation: EvaluationData.fromAsset('examples/digits/evaluation.npz'), retention: {}, pointerParameterName: '/digits' });

    expect(new AwsSolutionsChecks(app).validateScope(stack).violations).toEqual([]);
  });

  test.each([
    [{ versions: 1 }, 'retention.versions must be between 2 and 1000, got 1'],
    [{ versions: 2.5 }, 'retention.versions must be a whole number between 2 and 1000, got 2.5'],
    [{ age: 30 as any }, 'retention.age must be a Duration, got 30: give Duration.days(30)'],
    [{ age: Duration.days(Lazy.number({ produce: () => 30 })) }, 'retention.age must be known when the app is synthesized'],
    [{ age: Duration.hours(23) }, 'retention.age must be at least 1 day, got 23 hours'],
  ])('%j is an error', (retention, problem) => {
    expect(() => optimize({ retention })).toThrow(problem);
  });

  test('has no effect on a published model', () => {
    const stack = newStack();
    const artifact = ModelArtifact.fromBucket(stack, 'Published', { bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'a/litert/1/manifest.json' });

    expect(() => new ModelFunction(stack, 'Digits', { model: ModelSource.fromArtifact(artifact), retention: {} })).toThrow('retention has no effect on a model that is published already');
  });
});

describe('an endpoint of an imported model', () => {
  const offer = { endpoint: 'function', format: ModelFormat.LITERT, architecture: lambda.Architecture.X86_64 } as const;
  function imported(make: (stack: Stack, bucket: s3.IBucket) => Parameters<typeof ModelSource.fromArtifact>[0]) {
    const stack = newStack();
    const artifact = make(stack, s3.Bucket.fromBucketName(stack, 'Models', 'models'));
    new ModelCompatibility(stack, 'Compatibility', { artifact, offer });
    const template = Template.fromStack(stack);
    const [{ Properties }] = Object.values(template.findResources('Custom::TensorFlowModelCompatibility')) as any[];
    const [handlers] = Object.keys(template.findResources('AWS::IAM::Role', { Properties: { Description: Match.stringLikeRegexp('Runs the handlers') } }));
    const written = statementsOf(template, handlers).filter(({ Action }) => [Action].flat().includes('s3:PutObject')).map(({ Resource }) => JSON.stringify(Resource));
    return { Properties, written };
  }

  test('holds a lease below the model\'s prefix', () => {
    const { Properties, written } = imported((stack, bucket) => ModelArtifact.fromBucket(stack, 'I', { bucket, manifestKey: 'digits-1/litert/3/manifest.json' }));

    expect(Properties.Lease).toBe('true');
    expect(written).toEqual([expect.stringContaining('/digits-1/leases/*')]);
  });

  test('holds it below any prefix if only the parameter knows the model', () => {
    const { Properties, written } = imported((stack, bucket) => ModelArtifact.fromParameter(stack, 'I', { bucket, parameterName: '/digits' }));

    expect(Properties.Lease).toBe('true');
    expect(written).toEqual([expect.stringContaining('/*/leases/*')]);
  });

  test.each<[string, Parameters<typeof imported>[0]]>([
    ['fromBucket', (stack, bucket) => ModelArtifact.fromBucket(stack, 'I', { bucket, manifestKey: 'digits-1/litert/3/manifest.json', lease: false })],
    ['fromParameter', (stack, bucket) => ModelArtifact.fromParameter(stack, 'I', { bucket, parameterName: '/digits', lease: false })],
  ])('writes nothing with lease: false of %s', (_, make) => {
    const { Properties, written } = imported(make);

    expect(Properties).not.toHaveProperty('Lease');
    expect(written).toEqual([]);
  });
});
