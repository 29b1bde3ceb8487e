import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelFleet, ModelFunction, ModelOptimizer, ModelSource, OptimizationRecipe } from '../../lib';
import { UNBUNDLED } from '../function/fixtures';
import { build, idOf, model, newStack, optimize, plain, statementsOf } from './optimizer-fixtures';

const REMOVAL = 'Custom::TensorFlowArtifactBucket';
const EMPTYING = 'Custom::S3AutoDeleteObjects';
const destroyed = optimize({ artifactRemovalPolicy: RemovalPolicy.DESTROY });

function only(template: Template, type: string): [string, any] {
  const found = Object.entries(template.findResources(type));
  expect(found).toHaveLength(1);
  return found[0];
}

describe('by default', () => {
  test('the bucket stays unless it is empty', () => {
    const template = plain.template();
    const bucket = idOf(plain.optimizer.bucket);

    expect(only(template, 'AWS::S3::Bucket')[1].DeletionPolicy).toBe('Retain');
    expect(only(template, REMOVAL)[1].Properties).toMatchObject({ Mode: 'bucket', Bucket: { Ref: bucket } });
    expect(template.findResources(EMPTYING)).toEqual({});
  });

  test('the handlers may delete the bucket, which S3 allows for an empty one, and no object in it', () => {
    const template = plain.template();
    const [role] = Object.keys(template.findResources('AWS::IAM::Role')).filter((id) => /^TensorFlowModelBuildsRole/.test(id));
    const deleting = statementsOf(template, role).filter(({ Action }) => JSON.stringify(Action).includes('Delete'));

    expect(deleting.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      ['s3:DeleteBucket', { 'Fn::GetAtt': [idOf(plain.optimizer.bucket), 'Arn'] }],
    ]);
  });

  test('the bucket is checked after the build was stopped, because CloudFormation deletes in reverse order', () => {
    expect(build(plain.template()).DependsOn).toContain(only(plain.template(), REMOVAL)[0]);
  });
});

describe('with artifactRemovalPolicy DESTROY', () => {
  test('bucket and objects go with the stack, the objects after the build was stopped', () => {
    const template = destroyed.template();
    const [emptying] = only(template, EMPTYING);

    expect(only(template, 'AWS::S3::Bucket')[1].DeletionPolicy).toBe('Delete');
    expect(template.findResources(REMOVAL)).toEqual({});
    expect(build(template).DependsOn).toContain(emptying);
  });

  test('nothing in a function\'s stack is retained except versions, which are deleted with their function', () => {
    const stack = newStack(UNBUNDLED);
    new ModelFunction(stack, 'Digits', { model, artifactRemovalPolicy: RemovalPolicy.DESTROY });

    const retained = Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, any>)
      .filter(({ DeletionPolicy }) => /Retain/.test(DeletionPolicy)).map(({ Type }) => Type);
    expect(retained).toEqual(['AWS::Lambda::Version']);
  });

  test('nothing in a fleet\'s stack is retained', () => {
    const stack = newStack(UNBUNDLED);
    new ModelFleet(stack, 'Digits', { model, vpc: new ec2.Vpc(stack, 'Vpc'), artifactRemovalPolicy: RemovalPolicy.DESTROY });

    const retained = Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, any>)
      .filter(({ DeletionPolicy }) => /Retain/.test(DeletionPolicy)).map(({ Type }) => Type);
    expect(retained).toEqual([]);
  });
});

describe('artifactRemovalPolicy is refused', () => {
  test.each([
    [RemovalPolicy.SNAPSHOT, 'artifactRemovalPolicy must be RETAIN or DESTROY, got "snapshot"'],
    [RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, 'artifactRemovalPolicy must be RETAIN or DESTROY, got "retain-on-update-or-delete"'],
  ])('if it is %s', (artifactRemovalPolicy, words) => {
    expect(() => optimize({ artifactRemovalPolicy })).toThrow(words);
  });

  test('together with the user\'s own bucket', () => {
    const stack = newStack(UNBUNDLED);
    const artifactBucket = new s3.Bucket(stack, 'Mine', { versioned: true });

    expect(() => optimize({ artifactBucket, artifactRemovalPolicy: RemovalPolicy.DESTROY }, stack))
      .toThrow('artifactRemovalPolicy has no effect on an artifactBucket of your own: give the bucket its removalPolicy and autoDeleteObjects');
  });

  test('if models of one bucket disagree', () => {
    const stack = newStack(UNBUNDLED);
    optimize({}, stack);

    expect(() => new ModelOptimizer(stack, 'Other', { model, artifactRemovalPolicy: RemovalPolicy.DESTROY }))
      .toThrow('artifactRemovalPolicy differs from that of another model of the stack "Stack"');
    expect(() => new ModelOptimizer(stack, 'Same', { model, artifactRemovalPolicy: RemovalPolicy.RETAIN })).not.toThrow();
  });
});

describe('artifactPrefix', () => {
  const prefixed = (stack: Stack, id: string) => stack.resolve(new ModelOptimizer(stack, id, { model, artifactPrefix: 'digits-0123abcd' }).keyPrefix);

  test('stays when the stack gets an environment or another name, or the construct moves', () => {
    const env = { account: '111122223333', region: 'eu-west-1' };
    const stacks = [new Stack(new App(), 'Stack'), new Stack(new App(), 'Stack', { env }), new Stack(new App(), 'Renamed', { env })];

    expect(stacks.map((stack, index) => prefixed(stack, `Moved${index}`))).toEqual(Array(3).fill('digits-0123abcd'));
  });

  test('is the prefix that the build publishes to, and the only one that it may write', () => {
    const { template, optimizer } = optimize({ artifactPrefix: 'kept' });

    expect(build(template()).Properties.Model).toBe('kept');
    const writes = statementsOf(template(), idOf(optimizer.role as any)).filter(({ Action }) => JSON.stringify(Action).includes('s3:PutObject'));
    expect(writes.map(({ Resource }) => JSON.stringify(Resource))).toEqual(writes.map(() => expect.stringContaining('"/kept/*"')));
  });

  test('is passed on by an endpoint', () => {
    const stack = newStack(UNBUNDLED);
    const endpoint = new ModelFunction(stack, 'Digits', { model, artifactPrefix: 'kept', recipe: OptimizationRecipe.forLiteRt() });

    expect(endpoint.optimizer!.keyPrefix).toBe('kept');
  });

  test.each([['a/b'], ['shared']])('%j is refused with the other problems', (artifactPrefix) => {
    expect(() => optimize({ artifactPrefix })).toThrow('artifactPrefix must');
  });

  test('of another model in the same bucket is refused', () => {
    const stack = newStack(UNBUNDLED);
    prefixed(stack, 'One');

    expect(() => prefixed(stack, 'Two')).toThrow('artifactPrefix "digits-0123abcd" belongs to the model "Stack/One" in the same bucket');
  });

  test('of another model in another bucket is accepted', () => {
    const stack = newStack(UNBUNDLED);
    prefixed(stack, 'One');
    const artifactBucket = new s3.Bucket(stack, 'Mine', { versioned: true });

    expect(() => new ModelOptimizer(stack, 'Two', { model, artifactPrefix: 'digits-0123abcd', artifactBucket })).not.toThrow();
  });
});

test('checks that build nothing end after a quarter of an hour, and builds after the hour that is the default', () => {
  const stack = newStack(UNBUNDLED);
  new ModelFunction(stack, 'Digits', { model, logGroup: new logs.LogGroup(stack, 'Logs') });
  const template = Template.fromStack(stack);
  const timeout = (type: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties.ServiceTimeout);

  expect(timeout('Custom::TensorFlowModelCompatibility')).toEqual(['900']);
  expect(timeout('Custom::TensorFlowVersionCheck')).toEqual(['900']);
  expect(timeout('Custom::TensorFlowModelBuild')).toEqual([undefined]);
});

test('options of an optimization are refused for a model that is already published', () => {
  const stack = newStack(UNBUNDLED);
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'models');
  const artifact = ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits/litert/1/manifest.json' });

  expect(() => new ModelFunction(stack, 'Digits', { model: ModelSource.fromArtifact(artifact), artifactPrefix: 'kept' }))
    .toThrow('artifactPrefix has no effect on a model that is published already');
});
