import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ModelFormat } from '../../model/published-model';
import { checkInteger } from '../../private/validation';
import type { OptimizationOptions } from '../optimization-options';

const DEFAULT_RECORDS = 10;

/** TensorFlow Serving rejects a model with more. */
const MOST_RECORDS = 1000;

/** Returns the number of warm-up rows published in the model; undefined if there can be none. */
export function warmUpRecords({ evaluation, warmup, warmupRecords }: OptimizationOptions, format: ModelFormat): number | undefined {
  if (format !== ModelFormat.SAVED_MODEL || evaluation === undefined) {
    return undefined;
  }
  return warmup === false ? 0 : warmupRecords ?? DEFAULT_RECORDS;
}

/** Adds a note that readers of the model can read this data. */
export function noteWarmUp(scope: Construct, records: number | undefined): void {
  if (records) {
    Annotations.of(scope).addInfoV2('cdk-tensorflow:PublishedRows', `up to ${records} rows of the evaluation data are published inside the model, `
      + 'for TensorFlow Serving to warm up with: set warmup to false to leave them out');
  }
}

/** Returns every problem of the warm-up that is visible at synth. */
export function warmUpProblems({ evaluation, warmup, warmupRecords }: OptimizationOptions, format: ModelFormat): string[] {
  const given = Object.entries({ warmup, warmupRecords }).filter(([, value]) => value !== undefined).map(([name]) => name);
  const problems = checkInteger('warmupRecords', warmupRecords, 1, MOST_RECORDS, 'TensorFlow Serving takes no more; set warmup to false for none');
  if (warmup === false && warmupRecords !== undefined) {
    problems.push('warmupRecords has no effect with warmup false: leave one of them out');
  }
  for (const name of given) {
    if (format !== ModelFormat.SAVED_MODEL) {
      problems.push(`${name} has no effect on a LiteRT model, whose runtime needs no warm-up: leave it out`);
    } else if (evaluation === undefined) {
      problems.push(`${name} has no effect without real inputs to warm up with: give evaluation, or leave ${name} out`);
    }
  }
  return problems;
}
