import { ModelFormat } from '../../model/published-model';
import { checkInteger, shown } from '../../private/validation';
import type { OptimizationStep } from './optimization-step';

/** The quantity that a search minimizes. */
export enum SearchObjective {
  /** The compressed size of the model, as it is transferred. */
  SIZE = 'size',
  /** The latency of one warm request. If the difference is within the noise of the measurement, the smaller model is better. */
  LATENCY = 'latency',
}

/** Options of a search for the best candidate. */
export interface OptimizationSearchOptions {
  /** The quantity to minimize. */
  readonly objective: SearchObjective;

  /**
   * Maximum loss of accuracy: 0.01 is one percentage point. A limit in `gate` takes precedence. For outputs that decide classes.
   *
   * @default - 0.01, or two points of balanced accuracy where a class is rare in the labels
   */
  readonly maxAccuracyLoss?: number;

  /**
   * Maximum increase of the mean absolute error: 0.01 is one percent of the original's. A limit in `gate` takes precedence. For regressions.
   *
   * @default 0.01
   */
  readonly maxErrorIncrease?: number;

  /**
   * Maximum number of candidates, tried from mild to strong.
   *
   * @default 20
   */
  readonly maxTrials?: number;

  /**
   * Steps to build candidates from. Each quantization and each change of the graph is one candidate. Prunings are ordered by sparsity, built students
   * by
   * size, and each is combined with the strongest quantization (or stripped, for TensorFlow Serving). Such a series ends at the first significant
   * loss of accuracy beyond the limit, not at a candidate that is only too large or too slow. The smallest student that passes is pruned further.
   *
   * @default - for LiteRT float16, dynamic range (also with depthwise convolutions in float, and with dense layers of 4 bits in blocks of 32 and 128)
   * and full integer quantization, for size also pruning from half of the weights up, and students of all sizes; for TensorFlow Serving stripping,
   * freezing, and students of all sizes. Without pruning and students if there are too few rows to train on
   */
  readonly steps?: OptimizationStep[];
}

/** Returns every problem of a search that is visible without its model. */
export function searchProblems(options: OptimizationSearchOptions, format: ModelFormat, hasData: boolean): string[] {
  const problems: string[] = [];
  if (!Object.values(SearchObjective).includes(options.objective)) {
    problems.push(`OptimizationRecipe.search(…) objective must be SearchObjective.SIZE or SearchObjective.LATENCY, got ${JSON.stringify(options.objective) ?? 'nothing'}`);
  }
  const loss = options.maxAccuracyLoss;
  if (loss !== undefined && !(loss >= 0 && loss < 1)) {
    const hint = loss >= 1 && loss <= 100 ? `: it is a share, so ${loss} per cent is ${loss / 100}` : '';
    problems.push(`OptimizationRecipe.search(…) maxAccuracyLoss must be at least 0 and below 1, got ${shown(loss)}${hint}`);
  }
  const increase = options.maxErrorIncrease;
  if (increase !== undefined && !(increase >= 0 && Number.isFinite(increase))) {
    problems.push(`OptimizationRecipe.search(…) maxErrorIncrease must be at least 0, got ${shown(increase)}`);
  }
  problems.push(...checkInteger('OptimizationRecipe.search(…) maxTrials', options.maxTrials, 1, 100));
  if (options.steps?.length === 0) {
    problems.push('OptimizationRecipe.search(…) steps must have at least one step, got []: leave it out to search among all');
  }
  if (!hasData) {
    problems.push('OptimizationRecipe.search(…) decides by accuracy or error, which needs real inputs with labels: give evaluation, '
      + `or use OptimizationRecipe.${format === ModelFormat.SAVED_MODEL ? 'forServing' : 'forLiteRt'}()`);
  }
  return problems;
}
