import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { EvaluationData } from '../../lib';
import { directoryWith, fileWith, ZIP } from '../model/model-files';

let stack: Stack;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
});

test.each([['data.npz', ZIP], ['data.jsonl', '\n{"instances": [[1]], "label": 0}'], ['data.jsonl', '{"inputs": [NaN]}\n'], ['data.csv', 'a,b'], ['data.csv', '\uFEFFa,"b,a"\r\n1,2'], ['data.parquet', 'PAR1']])('uploads %s unchanged', (name, content) => {
  const data = EvaluationData.fromAsset(fileWith(name, content));

  expect(data._problems()).toEqual([]);
  expect(data._bind(stack)).toMatchObject({ packaging: 'file', fileName: name, identity: { digest: expect.any(String) } });
});

test('uploads a directory with one data file', () => {
  const data = EvaluationData.fromAsset(directoryWith({ 'test.npz': ZIP, 'README.md': 'x' }));

  expect(data._problems()).toEqual([]);
  expect(data._bind(stack).packaging).toBe('zip');
});

test.each(['path,label\na.png,1\n', 'path\na.png', '\uFEFFpath , label\r\na.png,cat\r\n'])('uploads a directory of images whose labels are %j', (labels) => {
  const data = EvaluationData.fromAsset(directoryWith({ 'labels.csv': labels, 'a.png': 'x', 'notes.csv': 'other' }));

  expect([data._problems(), data._hasImages(), data._bind(stack).packaging]).toEqual([[], true, 'zip']);
});

test.each<[string, string, string]>([
  ['images whose labels have no header', directoryWith({ 'labels.csv': 'a.png,1\n' }), 'must begin with the line "path,label", or "path" without labels, got "a.png,1"'],
  ['labels of nothing', directoryWith({ 'labels.csv': 'path,label\n\n' }), 'labels.csv, names no image'],
  ['a file that does not exist', 'no/such.npz', 'does not exist'],
  ['another format', fileWith('data.tsv', 'a\tb'), 'must be an .npz file'],
  ['a labels file without its images', fileWith('labels.csv', 'path,label\na.png,1\n'), 'names images: give the directory'],
  ['a .parquet that is none', fileWith('data.parquet', 'nonsense'), 'is not a Parquet file'],
  ['an empty file', fileWith('data.jsonl', ''), 'is empty'],
  ['a line that is no body', fileWith('data.jsonl', '{}'), 'line 1 has nothing: a line is a REST body with "instances" or "inputs"'],
  ['a line with both', fileWith('data.jsonl', '\n{"inputs": 1, "instances": 1}'), 'line 2 has inputs, instances: a line is'],
  ['a line with more', fileWith('data.jsonl', '{"inputs": 1, "y": 1}'), 'line 1 has inputs, y: a line is'],
  ['a line that is a list', fileWith('data.jsonl', '[1, 2]'), 'line 1 has [1,2]: a line is'],
  ['a line that is null', fileWith('data.jsonl', 'null'), 'line 1 has null: a line is'],
  ['a line that is not JSON', fileWith('data.jsonl', 'a,b'), 'line 1 is not JSON'],
  ['a table with two columns of a name', fileWith('data.csv', 'a,b, a\n1,2,3'), 'columns without a name, or with that of another (1, 3)'],
  ['a table with a column without a name', fileWith('data.csv', ',b\n1,2'), 'with that of another (1)'],
  ['an .npz that is none', fileWith('data.npz', 'nonsense'), 'is not what numpy.savez writes'],
  ['a directory without data', directoryWith({ 'README.md': 'x' }), 'exactly one .npz, .jsonl, .csv or .parquet file, or labels.csv and images, found none'],
  ['a directory with two', directoryWith({ 'b.npz': ZIP, 'a.jsonl': '{}' }), 'found a.jsonl, b.npz'],
  ['a directory with a broken file', directoryWith({ 'a.npz': 'x' }), 'file a.npz, is not what numpy.savez writes'],
])('refuses %s', (_, path, words) => {
  expect(EvaluationData.fromAsset(path)._problems()).toEqual([expect.stringContaining(words)]);
});

test('reads data from a bucket, and warns if changes to it would go unnoticed', () => {
  const bucket = s3.Bucket.fromBucketName(stack, 'Data', 'data');

  expect(EvaluationData.fromBucket(bucket, 'held-out.npz', { revision: '3' })._bind(stack)).toMatchObject({
    packaging: 'file', key: 'held-out.npz', identity: { revision: '3', uri: 's3://data/held-out.npz' },
  });
  expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toEqual([]);
  expect(EvaluationData.fromBucket(bucket, 'held-out.npz', { objectVersion: '3' })._bind(stack).identity).toEqual({ objectVersion: '3' });
  EvaluationData.fromBucket(bucket, 'held-out/')._bind(stack);
  Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('held-out/.*cdk-tensorflow:UnversionedEvaluationData'));
});

test.each([['data.jsonl', '['], ['data.csv', 'a,']])('leaves a first line beyond what is read of %s to the build', (name, begin) => {
  expect(EvaluationData.fromAsset(fileWith(name, begin.repeat(80_000)))._problems()).toEqual([]);
});

test('refuses a key that does not name data', () => {
  const bucket = s3.Bucket.fromBucketName(stack, 'Data', 'data');

  expect(EvaluationData.fromBucket(bucket, 'data.tsv')._problems()).toEqual([expect.stringContaining('evaluation data: key must end with')]);
});
