import { App, CfnParameter, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { BucketModelSourceOptions, ModelSourceOptions } from '../../lib';
import { ModelSource, StatefulBehavior } from '../../lib';
import { readStatements } from '../../lib/model/stored-object';
import { directoryWith, fileWith, LITERT, savedModelFiles, ZIP } from './model-files';

let stack: Stack;
let bucket: s3.IBucket;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
  bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
});

function warnings(): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ entry }) => String(entry.data));
}

describe('ModelSource.fromAsset', () => {
  test('uploads a directory as a ZIP that its hash identifies', () => {
    const stored = ModelSource.fromAsset(directoryWith(savedModelFiles()))._original!.bind(stack);

    expect(stored).toMatchObject({ packaging: 'zip', fileName: undefined, identity: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(stored.key).toBe(`${stored.identity.digest}.zip`);
  });

  test.each([['model.keras', ZIP], ['model.tflite', LITERT]])('uploads %s unchanged, under its own name', (name, content) => {
    const stored = ModelSource.fromAsset(fileWith(name, content))._original!.bind(stack);

    expect(stored).toMatchObject({ packaging: 'file', fileName: name });
  });

  test('can be bound by several endpoints', () => {
    const source = ModelSource.fromAsset(directoryWith(savedModelFiles()));

    const first = source._original!.bind(new Stack(stack, 'A'));
    const second = source._original!.bind(new Stack(stack, 'B'));

    expect(first.identity).toEqual(second.identity);
  });

  test('does not warn about a small one', () => {
    ModelSource.fromAsset(directoryWith(savedModelFiles()))._original!.bind(stack);

    expect(warnings()).toEqual([]);
  });

  test('names the problems of the model and of the options together', () => {
    const source = ModelSource.fromAsset('no/such/model', { inputShapes: { image: [1, 0] }, signatureName: '' });

    expect(source._original!.problems()).toEqual([
      expect.stringContaining('does not exist'),
      expect.stringContaining('inputShapes["image"]'),
      expect.stringContaining('signatureName must not be empty'),
    ]);
  });
});

describe('options', () => {
  const problemsOf = (options: ModelSourceOptions, path = directoryWith(savedModelFiles())) => ModelSource.fromAsset(path, options)._original!.problems();

  test.each<ModelSourceOptions>([
    { inputShapes: { a: [1, 28, 28, 1], b: [-1, 3] } },
    { inputShapes: { scalar: [] } },
    { signatureName: 'serving_default', tags: ['serve', 'gpu'] },
    { stateful: StatefulBehavior.RESET_PER_REQUEST },
    { tags: [] },
    { allowedOperations: ['ReadFile', 'InitializeTableFromTextFileV2'] },
  ])('accepts %j', (options) => {
    expect(problemsOf(options)).toEqual([]);
  });

  test.each<[ModelSourceOptions, string]>([
    [{ inputShapes: {} }, 'inputShapes must name at least one input'],
    [{ inputShapes: { '': [1] } }, 'under the name of an input'],
    [{ inputShapes: { x: [1.5] } }, 'positive whole numbers'],
    [{ inputShapes: { x: [1, -1] } }, 'positive whole numbers'],
    [{ inputShapes: { x: [-2, 1] } }, 'got [-2,1]'],
    [{ tags: [''] }, 'tags must be the names'],
    [{ allowedOperations: [] }, 'leave it out to allow none'],
    [{ allowedOperations: ['MatMul'] }, '"MatMul", which is no operation of TensorFlow that acts on more than its model and needs no permission: leave it out'],
    [{ allowedOperations: ['readfile'] }, '"readfile", which is no operation of TensorFlow that acts on more than its model (ReadFile is): leave it out'],
    [{ allowedOperations: ['ReadFile', 'ReadFile'] }, 'names "ReadFile" twice: leave one of them out'],
  ])('refuses %j', (options, words) => {
    expect(problemsOf(options)).toEqual([expect.stringContaining(words)]);
  });

  test.each([[{ signatureName: 'x' }, 'signatureName'], [{ tags: ['serve'] }, 'tags']])('refuses %j if it has no effect', (options, name) => {
    expect(problemsOf(options, fileWith('m.keras', ZIP))).toEqual([expect.stringContaining(`${name} has no effect on a Keras file`)]);
  });

  test('refuses tags of a .tflite file, which may have signatures', () => {
    const path = fileWith('m.tflite', LITERT);

    expect(problemsOf({ tags: ['serve'] }, path)).toEqual([expect.stringContaining('tags has no effect on a .tflite file')]);
    expect(problemsOf({ allowedOperations: ['ReadFile'] }, path)).toEqual([expect.stringContaining('allowedOperations has no effect on a .tflite file')]);
    expect(problemsOf({ signatureName: 'x' }, path)).toEqual([]);
  });

  test('accepts tokens', () => {
    const size = Lazy.number({ produce: () => 3 });

    expect(problemsOf({ inputShapes: { x: [1, size] }, signatureName: Lazy.string({ produce: () => '' }) })).toEqual([]);
    expect(problemsOf({ allowedOperations: [Lazy.string({ produce: () => 'ReadFile' })] })).toEqual([]);
    expect(problemsOf({ allowedOperations: Lazy.list({ produce: () => ['ReadFile'] }) })).toEqual([]);
  });
});

describe('ModelSource.fromBucket', () => {
  const bound = (key: string, options: BucketModelSourceOptions = {}) => {
    const source = ModelSource.fromBucket(bucket, key, options);
    expect(source._original!.problems()).toEqual([]);
    return source._original!.bind(stack);
  };

  test.each([
    ['digits/1/', 'prefix', undefined],
    ['digits.zip', 'zip', undefined],
    ['models/digits.keras', 'file', 'digits.keras'],
    ['digits.H5', 'file', 'digits.H5'],
    ['digits.tflite', 'file', 'digits.tflite'],
  ])('reads %s as %s', (key, packaging, fileName) => {
    expect(bound(key)).toMatchObject({ packaging, fileName, key });
  });

  test('is identified by the object version, which belongs to one object only', () => {
    const stored = bound('m.keras', { objectVersion: 'v1' });

    expect(stored.objectVersion).toBe('v1');
    expect(stored.identity).toEqual({ objectVersion: 'v1', revision: undefined, uri: undefined });
  });

  test('is identified by a revision together with its place', () => {
    expect(bound('m/', { revision: '7' }).identity).toEqual({ objectVersion: undefined, revision: '7', uri: 's3://models/m/' });
  });

  test('is identified only by its place by default, and warns', () => {
    expect(bound('m.keras').identity).toMatchObject({ uri: 's3://models/m.keras' });

    expect(warnings()).toEqual([expect.stringMatching(/does not notice when "m.keras" changes.*cdk-tensorflow:UnversionedModel/)]);
  });

  test.each<BucketModelSourceOptions>([{ objectVersion: 'v1' }, { revision: '7' }])('does not warn with %j', (options) => {
    bound('m.keras', options);

    expect(warnings()).toEqual([]);
  });

  test.each<[string, BucketModelSourceOptions, string]>([
    ['digits', {}, 'key must end with / (everything below a prefix), .zip or one of .keras, .h5, .hdf5, .tflite, got "digits"'],
    ['digits.tar.gz', {}, 'got "digits.tar.gz"'],
    ['/m.keras', {}, 'without a leading slash'],
    ['s3://models/m.keras', {}, 'without a leading slash or s3:// address'],
    ['m/', { objectVersion: 'v' }, 'is a prefix of many: give revision'],
    ['m.keras', { objectVersion: 'v', revision: 'r' }, 'exclude each other'],
    ['m.keras', { revision: '' }, 'revision must not be empty'],
    ['m.weights.h5', {}, 'holds weights without a model'],
  ])('refuses %s with %j', (key, options, words) => {
    expect(ModelSource.fromBucket(bucket, key, options)._original!.problems()).toEqual([expect.stringContaining(words)]);
  });

  test('accepts a key with a token inside, and requires the extension if the whole key is a token', () => {
    const name = new CfnParameter(stack, 'Name').valueAsString;

    expect(bound(`${name}/model.keras`).packaging).toBe('file');
    expect(bound(`${name}/`).packaging).toBe('prefix');
    expect(ModelSource.fromBucket(bucket, name)._original!.problems()).toEqual([expect.stringContaining('append the ending to the token')]);
  });

  test('accepts tokens for version and revision', () => {
    bound('m.keras', { objectVersion: new CfnParameter(stack, 'Version').valueAsString });

    expect(warnings()).toEqual([]);
  });
});

describe('the optimization may read', () => {
  const policy = (statements: PolicyStatement[]) => statements.map((statement) => stack.resolve(statement.toStatementJson()));

  test('one object of one key', () => {
    const statements = policy(readStatements(ModelSource.fromBucket(bucket, 'm.keras', { revision: '1' })._original!.bind(stack)));

    expect(statements).toEqual([{ Action: 's3:GetObject', Effect: 'Allow', Resource: expect.objectContaining({}) }]);
    expect(JSON.stringify(statements)).toContain(':s3:::models/m.keras"');
  });

  test('a version of an object', () => {
    const statements = policy(readStatements(ModelSource.fromBucket(bucket, 'm.keras', { objectVersion: 'v' })._original!.bind(stack)));

    expect(statements[0].Action).toEqual('s3:GetObjectVersion');
  });

  test('a prefix, which it may also list, and no other', () => {
    const statements = policy(readStatements(ModelSource.fromBucket(bucket, 'm/', { revision: '1' })._original!.bind(stack)));

    expect(statements[1]).toMatchObject({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'm/*' } } });
  });
});
