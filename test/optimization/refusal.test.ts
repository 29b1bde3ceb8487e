import { readFileSync } from 'fs';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelOptimizer } from '../../lib';
import { ModelFunction, ModelSource, RefusalBehavior } from '../../lib';
import { build, idOf, model, newStack, optimize, plain, statementsOf } from './optimizer-fixtures';

const onRefusal = RefusalBehavior.KEEP_PREVIOUS;
const keeping = optimize({ onRefusal });

const handlerStatements = (template: Template) => statementsOf(template, Object.keys(template.findResources('AWS::IAM::Role'))
  .find((id) => /^TensorFlowModelBuildsRole[0-9A-F]{8}$/.test(id))!);

describe('onRefusal: KEEP_PREVIOUS', () => {
  test('is passed to the custom resource, and only to it', () => {
    expect(build(keeping.template()).Properties).toMatchObject({ OnRefusal: 'KEEP_PREVIOUS', Attempt: 1 });
    expect(Object.keys(build(plain.template()).Properties)).not.toEqual(expect.arrayContaining(['OnRefusal']));
    expect(Object.keys(build(optimize({ onRefusal: RefusalBehavior.FAIL }).template()).Properties)).not.toEqual(expect.arrayContaining(['OnRefusal']));
  });

  test('does not change the job, so that a published model is not built again', () => {
    expect(build(keeping.template()).Properties.Job).toEqual(build(plain.template()).Properties.Job);
    expect(build(optimize({ onRefusal, attempt: 2 }).template()).Properties.Job).toEqual(build(plain.template()).Properties.Job);
  });

  test('says in an output why a model was refused', () => {
    const { template, optimizer, stack } = keeping;
    const refusal = { 'Fn::GetAtt': [Object.keys(template().findResources('Custom::TensorFlowModelBuild'))[0], 'Refusal'] };

    expect(stack.resolve(optimizer.refusal)).toEqual(refusal);
    expect(Object.values(template().findOutputs('*'))).toEqual([expect.objectContaining({ Value: refusal })]);
    expect(plain.optimizer.refusal).toBe('none');
    expect(plain.template().toJSON()).not.toHaveProperty('Outputs');
  });

  test('lets the handlers record the kept version and publish their own events, and nothing else', () => {
    const bucket = idOf(keeping.optimizer.bucket);
    const text = (statements: any[]) => statements.map((statement) => JSON.stringify(statement));
    const before = text(handlerStatements(optimize().template()));
    const added = handlerStatements(keeping.template()).filter((statement) => !before.includes(JSON.stringify(statement)));

    expect(added.map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
      ['s3:PutObject', { 'Fn::Join': ['', [{ 'Fn::GetAtt': [bucket, 'Arn'] }, `/${keeping.optimizer.keyPrefix}/keys/*/kept.json`]] }, undefined],
      [
        'events:PutEvents',
        { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':events:eu-west-1:111122223333:event-bus/default']] },
        { StringEquals: { 'events:source': 'cdk-tensorflow', 'events:detail-type': 'ModelRefused' } },
      ],
    ]);
  });

  test('has no open finding of cdk-nag, even with a key and with an unknown account and Region', () => {
    const stack = new Stack(new App(), 'Stack');
    optimize({ onRefusal, encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }) }, stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('is an option of every endpoint, and refused if the model is already published', () => {
    const stack = newStack({ 'aws:cdk:bundling-stacks': [] });
    const endpoint = new ModelFunction(stack, 'Points', { model, onRefusal, attempt: 3 });
    expect(build(Template.fromStack(stack)).Properties).toMatchObject({ OnRefusal: 'KEEP_PREVIOUS', Attempt: 3 });

    expect(() => new ModelFunction(stack, 'Other', { model: ModelSource.fromArtifact(endpoint.artifact), onRefusal, attempt: 1 }))
      .toThrow(/2 problems:[^]*onRefusal has no effect on a model that is published already[^]*attempt has no effect/);
  });
});

describe('attempt', () => {
  test('is refused without KEEP_PREVIOUS, because then every deployment builds a refused model again', () => {
    expect(() => optimize({ attempt: 2 })).toThrow('attempt has no effect without onRefusal: RefusalBehavior.KEEP_PREVIOUS');
  });

  test.each([[0], [1.5]])('is a whole number from 1: not %d', (attempt) => {
    expect(() => optimize({ onRefusal, attempt })).toThrow(`got ${attempt}`);
  });
});

describe('onRefused', () => {
  test('is a rule only for the events of this model', () => {
    const stack = newStack();
    const { optimizer } = optimize({ onRefusal }, stack);
    const topic = new sns.Topic(stack, 'Topic');

    const rule = optimizer.onRefused('Refused', { target: new events_targets.SnsTopic(topic), description: 'tells the team' });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Events::Rule', {
      Description: 'tells the team',
      EventPattern: {
        'source': ['cdk-tensorflow'],
        'detail-type': ['ModelRefused'],
        'detail': { bucket: [{ Ref: idOf(optimizer.bucket) }], modelPrefix: [optimizer.keyPrefix] },
      },
      Targets: [Match.objectLike({ Arn: { Ref: idOf(topic) } })],
    });
    expect(rule.node.path).toBe('Stack/Digits/Refused');
  });

  test('adds the caller\'s pattern to its own, and accepts a target later', () => {
    const stack = newStack();
    const { optimizer } = optimize({ onRefusal }, stack);

    optimizer.onRefused('Refused', { eventPattern: { detail: { kept: { version: ['1'] } } } });

    Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['cdk-tensorflow'], detail: { modelPrefix: [optimizer.keyPrefix], kept: { version: ['1'] } } },
      Targets: Match.absent(),
    });
  });
});

describe('onPublished', () => {
  test('is a rule for published versions of this model, with or without onRefusal', () => {
    const stack = newStack();
    const { optimizer } = optimize({}, stack);

    optimizer.onPublished('Published', { target: new events_targets.SnsTopic(new sns.Topic(stack, 'Topic')) });

    Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        'source': ['cdk-tensorflow'],
        'detail-type': ['ModelPublished'],
        'detail': { bucket: [{ Ref: idOf(optimizer.bucket) }], modelPrefix: [optimizer.keyPrefix] },
      },
    });
  });

  test('needs nothing else: the handlers may publish this event of every model', () => {
    const publish = handlerStatements(plain.template()).filter(({ Action }) => [Action].flat().includes('events:PutEvents'));

    expect(publish.map(({ Condition }) => Condition)).toEqual([{ StringEquals: { 'events:source': 'cdk-tensorflow', 'events:detail-type': 'ModelPublished' } }]);
  });
});

test('onEvent is a rule for all events of this model, also without onRefusal', () => {
  const stack = newStack();
  const { optimizer } = optimize({}, stack);

  optimizer.onEvent('Events');

  Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { 'source': ['cdk-tensorflow'], 'detail-type': Match.absent(), 'detail': { modelPrefix: [optimizer.keyPrefix] } },
  });
});

test('metricRefused is of this project and model', () => {
  const { stack, optimizer } = keeping;

  const metric = optimizer.metricRefused();

  expect([metric.namespace, metric.metricName, metric.statistic]).toEqual(['CdkTensorFlow', 'RefusedModels', 'Sum']);
  expect(stack.resolve(metric.dimensions)).toEqual({ ModelName: 'digits', ProjectName: { Ref: idOf(optimizer.project) } });
});

test.each<[string, (optimizer: ModelOptimizer) => unknown]>([
  ['metricRefused', (optimizer) => optimizer.metricRefused()],
  ['onRefused', (optimizer) => optimizer.onRefused('Refused')],
])('%s is an error if a refusal fails the deployment', (method, call) => {
  expect(() => call(optimize().optimizer)).toThrow(`${method} has no effect, because the deployment itself fails when a model is refused: give onRefusal`);
});

test('names of events and metrics are those that the handlers use', () => {
  const handlers = readFileSync('runtime/build_runner/src/model_builds/events/announcements.py', 'utf8');
  for (const [name, value] of [['SOURCE', 'cdk-tensorflow'], ['PUBLISHED', 'ModelPublished'], ['REFUSED', 'ModelRefused'], ['NAMESPACE', 'CdkTensorFlow'], ['REFUSED_MODELS', 'RefusedModels']]) {
    expect(handlers).toContain(`\n${name} = "${value}"\n`);
  }
});
