import { readFileSync } from 'fs';
import Ajv2020 from 'ajv/dist/2020';
import { App, Size, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  ChannelOrder, Distillation, Graph, ImageInput, ModelFormat, ModelTask, OptimizationRecipe, Pruning, QualityGate, Quantization, ResizeMethod, SearchObjective,
  StatefulBehavior, Student, StudentSize,
} from '../../lib';
import type { StoredObject } from '../../lib/model/stored-object';
import type { JobOptions } from '../../lib/optimization/build/job';
import { renderJob } from '../../lib/optimization/build/job';
import { directoryWith, savedModelFiles } from '../model/model-files';

const schema = JSON.parse(readFileSync('optimizer/schema/job.schema.json', 'utf8'));
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);

const stack = new Stack(new App(), 'Stack');
const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'inputs');
const source: StoredObject = { packaging: 'zip', identity: { digest: 'ab'.repeat(32) }, bucket, key: 'ab.zip' };

function job(changes: Partial<JobOptions> = {}): any {
  return renderJob({
    modelName: 'digits', format: ModelFormat.LITERT, source, sourceOptions: {}, recipe: OptimizationRecipe.forLiteRt(), architecture: 'x86_64', ...changes,
  });
}

function expectValid(document: unknown): void {
  validate(document);
  expect(validate.errors).toBeNull();
}

test('the smallest job has everything that affects the output, and no empty members', () => {
  const document = job();

  expectValid(document);
  expect(document).toEqual({
    schemaVersion: 1,
    model: 'digits',
    format: 'litert',
    source: {
      packaging: 'zip', identity: { digest: 'ab'.repeat(32) }, location: { bucket: 'inputs', key: 'ab.zip' }, tags: ['serve'], stateful: 'refuse',
    },
    tasks: {},
    recipe: { kind: 'forLiteRt', steps: [] },
    seed: 0,
    architecture: 'x86_64',
    toolchain: { behaviorVersion: 17, tensorflow: '2.20.0', litert: '2.3.0' },
  });
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
});

test.each<[string, Partial<JobOptions>, (document: any) => unknown, unknown]>([
  ['format', { format: ModelFormat.SAVED_MODEL }, (it) => it.format, 'saved_model'],
  ['architecture', { architecture: 'arm64' }, (it) => it.architecture, 'arm64'],
  ['seed', { seed: 7 }, (it) => it.seed, 7],
  ['labels', { labels: ['a', 'b'] }, (it) => it.labels, ['a', 'b']],
  ['server', { format: ModelFormat.SAVED_MODEL, serverImage: 'tensorflow/serving:2.20.0' }, (it) => it.server, { image: 'tensorflow/serving:2.20.0' }],
  ['an image', { imageInput: ImageInput.caffe() }, (it) => it.image, { preprocessing: 'caffe', method: 'bilinear', antialias: false }],
  ['all about an image', {
    imageInput: ImageInput.linear({
      input: 'image', resize: ResizeMethod.BICUBIC, antialias: true, channelOrder: ChannelOrder.BGR, scale: [0.5], offset: [1, 2, 3],
    }),
  }, (it) => it.image, {
    input: 'image', preprocessing: 'linear', method: 'bicubic', antialias: true, channelOrder: 'BGR', scale: [0.5], offset: [1, 2, 3],
  }],
  ['tasks', { tasks: { y: ModelTask.BINARY } }, (it) => it.tasks, { y: 'binary' }],
  ['recipe', { recipe: OptimizationRecipe.of(Quantization.fullInteger()) }, (it) => it.recipe.steps, [{ step: 'quantization', mode: 'fullInteger' }]],
  ['strip', { recipe: OptimizationRecipe.of(Graph.strip()) }, (it) => it.recipe.steps, [{ step: 'strip' }]],
  ['pruning', { recipe: OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 })) }, (it) => it.recipe.steps, [
    { step: 'pruning', sparsity: 0.5, schedule: 'gradual', epochs: 10 },
  ]],
  ['search', { recipe: OptimizationRecipe.search({ objective: SearchObjective.LATENCY }) }, (it) => it.recipe.search, {
    objective: 'latency', maxTrials: 20,
  }],
  ['a built student', { recipe: OptimizationRecipe.of(Distillation.into(Student.ofSize(StudentSize.SMALL), { alpha: 0.5 })) }, (it) => it.recipe.steps, [
    { step: 'distillation', student: { size: 'small' }, temperature: 4, alpha: 0.5, epochs: 30, augment: true },
  ]],
  ['a given student', {
    recipe: OptimizationRecipe.of(
      Distillation.into(Student.fromAsset(directoryWith(savedModelFiles())), { temperature: 2, epochs: 5, augment: false }), Quantization.float16(),
    ),
    brought: [{ ...source, key: 'student.zip' }, undefined],
  }, (it) => it.recipe.steps[0], {
    step: 'distillation',
    student: { given: { packaging: 'zip', identity: { digest: 'ab'.repeat(32) }, location: { bucket: 'inputs', key: 'student.zip' } } },
    temperature: 2,
    epochs: 5,
    augment: false,
  }],
  ['freeze', { recipe: OptimizationRecipe.of(Graph.freeze()) }, (it) => it.recipe.steps, [{ step: 'freeze' }]],
  ['warmupRecords', { warmupRecords: 0 }, (it) => it.warmupRecords, 0],
  ['bfloat16', { format: ModelFormat.SAVED_MODEL, recipe: OptimizationRecipe.of(Quantization.bfloat16()) }, (it) => it.recipe.steps, [
    { step: 'quantization', mode: 'bfloat16' },
  ]],
  ['none', { recipe: OptimizationRecipe.none() }, (it) => it.recipe.kind, 'none'],
  ['forServing', { recipe: OptimizationRecipe.forServing() }, (it) => it.recipe.kind, 'forServing'],
  ['gate', { gate: QualityGate.maxSize(Size.kibibytes(1)) }, (it) => it.gate, { rules: [{ rule: 'maxSizeBytes', value: 1024 }], strict: false }],
  ['inputShapes', { sourceOptions: { inputShapes: { x: [-1, 3] } } }, (it) => it.source.inputShapes, { x: [-1, 3] }],
  ['signatureName', { sourceOptions: { signatureName: 's' } }, (it) => it.source.signatureName, 's'],
  ['tags', { sourceOptions: { tags: ['serve', 'gpu'] } }, (it) => it.source.tags, ['serve', 'gpu']],
  ['stateful', { sourceOptions: { stateful: StatefulBehavior.RESET_PER_REQUEST } }, (it) => it.source.stateful, 'reset_per_request'],
  ['allowedOperations', { sourceOptions: { allowedOperations: ['ReadFile'] } }, (it) => it.source.allowedOperations, ['ReadFile']],
  ['file', { source: { ...source, packaging: 'file', fileName: 'm.keras' } }, (it) => it.source.fileName, 'm.keras'],
  ['prefix', { source: { ...source, packaging: 'prefix', identity: { revision: '1', uri: 's3://x/' } } }, (it) => it.source.identity.revision, '1'],
  ['version', { source: { ...source, objectVersion: 'v', identity: { objectVersion: 'v' } } }, (it) => it.source.location.objectVersion, 'v'],
  ['evaluation', { evaluation: { ...source, key: 'data.zip' } }, (it) => it.evaluation, {
    packaging: 'zip', identity: { digest: 'ab'.repeat(32) }, location: { bucket: 'inputs', key: 'data.zip' },
  }],
])('%s is in the job in the schema\'s form', (_, changes, member, value) => {
  const document = job(changes);

  expectValid(document);
  expect(member(document)).toEqual(value);
});

test('the schema refuses documents that the optimizer would not understand', () => {
  expect(validate({ ...job(), further: 1 })).toBe(false);
  expect(validate({ ...job(), recipe: { kind: 'magic', steps: [] } })).toBe(false);
});

test('the name of a bucket may be known only at deployment', () => {
  const made = new s3.Bucket(stack, 'Made');

  const text = stack.resolve(stack.toJsonString(job({ source: { ...source, bucket: made } })));

  expect(text['Fn::Join'][1]).toContainEqual({ Ref: stack.getLogicalId(made.node.defaultChild as s3.CfnBucket) });
});
