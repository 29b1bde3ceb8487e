import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { ModelOptimizerProps } from '../../lib';
import { EvaluationData, ModelFormat, ModelOptimizer, ModelSource } from '../../lib';

const model = ModelSource.fromAsset('examples/digits/saved_model');
const evaluation = EvaluationData.fromAsset('examples/digits/evaluation.npz');
const format = ModelFormat.SAVED_MODEL;

function optimized(props: Partial<ModelOptimizerProps>): Stack {
  const stack = new Stack(new App(), 'Stack');
  new ModelOptimizer(stack, 'Digits', { model, ...props });
  return stack;
}

/** Returns the job's number of warm-up records. The template holds the job as text with the names of buckets in between. */
function recordsOf(stack: Stack): number | undefined {
  const [build] = Object.values(Template.fromStack(stack).findResources('Custom::TensorFlowModelBuild'));
  const [, records] = /"warmupRecords":(\d+)/.exec(build.Properties.Job['Fn::Join'][1].filter((part: unknown) => typeof part === 'string').join('')) ?? [];
  return records === undefined ? undefined : Number(records);
}

test.each([
  [{ evaluation, format }, 10],
  [{ evaluation, format, warmup: true }, 10],
  [{ evaluation, format, warmupRecords: 1000 }, 1000],
])('rows of the data are published for the server to warm up with, and synthesis says so', (props, records) => {
  const stack = optimized(props);

  expect(recordsOf(stack)).toBe(records);
  Annotations.fromStack(stack).hasInfo('/Stack/Digits', Match.stringLikeRegexp(`up to ${records} rows of the evaluation data are published`));
});

test.each([
  [{ evaluation, format, warmup: false }, 0],
  [{ evaluation }, undefined],
  [{ format }, undefined],
])('nothing is published if there is nothing to warm up, or warm-up is off', (props, records) => {
  const stack = optimized(props);

  expect(recordsOf(stack)).toBe(records);
  Annotations.fromStack(stack).hasNoInfo('*', Match.anyValue());
});

test.each<[Partial<ModelOptimizerProps>, RegExp]>([
  [{ evaluation, warmup: false }, /warmup has no effect on a LiteRT model/],
  [{ format, warmup: true }, /warmup has no effect without real inputs to warm up with: give evaluation/],
  [{ format, evaluation, warmupRecords: 1001 }, /warmupRecords must be .* 1000, got 1001/],
  [{ format, evaluation, warmupRecords: 0 }, /set warmup to false for none/],
  [{ format, evaluation, warmup: false, warmupRecords: 5 }, /warmupRecords has no effect with warmup false/],
])('options without effect are refused', (props, message) => {
  expect(() => optimized(props)).toThrow(message);
});
