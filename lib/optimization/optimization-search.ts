import { ModelFormat } from '../model/model-format';
import { checkInteger } from '../private/validation';
import type { OptimizationStep } from './optimization-step';

/** What a search makes as small as it can. */
export enum SearchObjective {
  /** The size as the model travels, compressed. */
  SIZE = 'size',
  /** The time of one warm request. Differences within the noise of the measurement count for nothing, and then the smaller model is better. */
  LATENCY = 'latency',
}

/** What is searched for, and among what. */
export interface OptimizationSearchOptions {
  /** What is made as small as it can be. */
  readonly objective: SearchObjective;

  /**
   * At most this much accuracy may be lost: 0.01 is one percentage point. A limit in `gate` has precedence. For outputs that decide classes.
   *
   * @default 0.01
   */
  readonly maxAccuracyLoss?: number;

  /**
   * At most this increase of the mean absolute error: 0.01 is one per cent of the original's. A limit in `gate` has precedence. For regressions.
   *
   * @default 0.01
   */
  readonly maxErrorIncrease?: number;

  /**
   * How many candidates are tried at most, from mild to strong.
   *
   * @default 16
   */
  readonly maxTrials?: number;

  /**
   * What candidates are made of. Each quantization and each change of the graph makes one; prunings form a ladder by their sparsity, students that are
   * built one by their size, each rung with the strongest quantization (or stripped, for TensorFlow Serving). A ladder ends where accuracy is lost beyond
   * the limit and beyond chance, and not at what is only too large or too slow. The smallest student that passes is pruned further.
   *
   * @default - for LiteRT float16, dynamic range and full integer quantization, for size also pruning from half of the weights up, and students of all sizes;
   * for TensorFlow Serving stripping, freezing, and students of all sizes. Without pruning and students where there are too few rows to train on
   */
  readonly steps?: OptimizationStep[];
}

/** All problems of a search that can be seen without its model. */
export function searchProblems(options: OptimizationSearchOptions, format: ModelFormat, hasData: boolean): string[] {
  const problems: string[] = [];
  const loss = options.maxAccuracyLoss;
  if (loss !== undefined && !(loss >= 0 && loss < 1)) {
    const hint = loss >= 1 && loss <= 100 ? `: it is a share, so ${loss} per cent is ${loss / 100}` : '';
    problems.push(`OptimizationRecipe.search(…) maxAccuracyLoss must be at least 0 and below 1, got ${JSON.stringify(loss)}${hint}`);
  }
  const increase = options.maxErrorIncrease;
  if (increase !== undefined && !(increase >= 0 && Number.isFinite(increase))) {
    problems.push(`OptimizationRecipe.search(…) maxErrorIncrease must be at least 0, got ${JSON.stringify(increase)}`);
  }
  problems.push(...checkInteger('OptimizationRecipe.search(…) maxTrials', options.maxTrials, 1, 100));
  if (options.steps?.length === 0) {
    problems.push('OptimizationRecipe.search(…) steps must have at least one step, got []: leave it out to search among all');
  }
  if (!hasData) {
    problems.push('OptimizationRecipe.search(…) decides by accuracy or error, which needs real inputs with labels: give evaluation, '
      + `or use OptimizationRecipe.${format === ModelFormat.SAVED_MODEL ? 'forServing' : 'forLambda'}()`);
  }
  return problems;
}
