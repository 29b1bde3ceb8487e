import type { Construct } from 'constructs';
import { ModelFormat } from '../../model/published-model';
import type { StoredObject } from '../../model/stored-object';
import type * as documents from '../../private/documents/job';
import { Distillation } from './distillation';
import { Graph } from './graph';
import type { OptimizationSearchOptions } from './optimization-search';
import { searchProblems } from './optimization-search';
import type { OptimizationStep } from './optimization-step';
import { Pruning } from './pruning';
import { Quantization } from './quantization';

/** The optimizations to try on a model. */
export class OptimizationRecipe {
  /**
   * Applies exactly these steps, in this order: one candidate, or several where a quantization recovers what it loses.
   *
   * @param steps at least one of `Distillation.into()`, `Pruning.…()`, `Quantization.…()` and `Graph.…()`, in this order
   */
  public static of(...steps: OptimizationStep[]): OptimizationRecipe {
    return new OptimizationRecipe('steps', steps);
  }

  /** Does only what the format requires: converts to float32 LiteRT, and publishes a SavedModel as it is. */
  public static none(): OptimizationRecipe {
    return new OptimizationRecipe('none', []);
  }

  /**
   * Recommended for LiteRT. With data: 8-bit weights (depthwise convolutions in float), then 16-bit, then 32-bit; the first that passes the gate.
   * Without data: 16-bit. A `.tflite` file that is quantized already is served unchanged.
   */
  public static forLiteRt(): OptimizationRecipe {
    return new OptimizationRecipe('forLiteRt', []);
  }

  /**
   * Recommended for TensorFlow Serving, without changing an answer: removes what serving does not need.
   *
   * A model for which that fails is published as it is, with a warning in the report.
   */
  public static forServing(): OptimizationRecipe {
    return new OptimizationRecipe('forServing', []);
  }

  /**
   * Searches for the best of several candidates, from mild to strong.
   *
   * One part of the evaluation data chooses, another judges the winner once. If the winner fails, the next best is judged; a candidate that fails is
   * never published.
   *
   * @param options objective, limits and steps of the search
   */
  public static search(options: OptimizationSearchOptions): OptimizationRecipe {
    // Undefined from JavaScript: its absent objective is then told with the construct's other problems.
    return new OptimizationRecipe('search', options?.steps ?? [], options ?? {});
  }

  private constructor(
    private readonly kind: documents.RecipeKind, private readonly steps: OptimizationStep[], private readonly searchOptions?: OptimizationSearchOptions,
  ) {}

  /** @internal */
  public _problems(format: ModelFormat, sourceKind: string | undefined, hasData: boolean, isReadByFile = false): string[] {
    const problems: string[] = [];
    if (this.kind === 'steps' && this.steps.length === 0) {
      problems.push('recipe must have at least one step, got OptimizationRecipe.of(): use OptimizationRecipe.none() to change nothing');
    }
    if (this.kind === 'forLiteRt' && format !== ModelFormat.LITERT) {
      problems.push('OptimizationRecipe.forLiteRt() makes LiteRT models, and this one is served by TensorFlow Serving: '
        + 'use OptimizationRecipe.forServing()');
    }
    if (this.kind === 'forServing' && format !== ModelFormat.SAVED_MODEL) {
      problems.push('OptimizationRecipe.forServing() makes SavedModels, and this one is served by LiteRT: use OptimizationRecipe.forLiteRt()');
    }
    if (this.searchOptions !== undefined) {
      problems.push(...searchProblems(this.searchOptions, format, hasData));
    }
    for (const [index, step] of this.steps.entries()) {
      problems.push(...stepProblems(step, format, hasData, isReadByFile));
      if (this.kind === 'search') {
        problems.push(...repeatedProblems(step, this.steps.slice(0, index)));
        if (step instanceof Quantization && step._recovers()) {
          problems.push(`OptimizationRecipe.search(…) steps has ${step.description} with recover, which makes several candidates by itself: `
            + 'leave recover out, or use OptimizationRecipe.of(…)');
        }
        continue;
      }
      const earlier = this.steps.slice(0, index).find((other) => other.constructor === step.constructor);
      if (earlier) {
        problems.push(`recipe has ${earlier.description} and ${step.description}, which exclude each other: keep one of them`);
      }
    }
    if (this.kind === 'steps' && problems.length === 0) {
      problems.push(...orderProblems(this.steps));
    }
    if (this.kind === 'steps' && this._cpuFeatures().length > 0 && this.steps.some((step) => step instanceof Graph && !step._freezes())) {
      problems.push('recipe has Graph.strip() and Quantization.bfloat16(), which is baked into a frozen graph, without what serving does not need: '
        + 'leave Graph.strip() out');
    }
    const isTaught = this.kind === 'steps' && this.steps.some((step) => step instanceof Distillation);
    const pruning = this.steps.find((step) => step instanceof Pruning);
    if (sourceKind === 'tflite' && pruning && !isTaught) {
      problems.push(`recipe has ${pruning.description}, but the weights of a .tflite model cannot be trained: `
        + 'give the SavedModel or Keras file that it was made from, distill it into a student, or leave the step out');
    }
    return problems;
  }

  /** Uploads the files of the steps, in their order. Call it only if `_problems()` found none. @internal */
  public _bind(scope: Construct): (StoredObject | undefined)[] {
    return this.steps.map((step, index) => step._bind(scope, `Step${index}`));
  }

  /**
   * Processor features that endpoints need, by their names in a manifest.
   *
   * @internal
   */
  public _cpuFeatures(): string[] {
    return this.steps.flatMap((step) => step instanceof Quantization ? step._cpuFeatures() : []);
  }

  /** @internal */
  public _render(brought: (StoredObject | undefined)[] = []): documents.Recipe {
    const search = this.searchOptions;
    return {
      kind: this.kind,
      steps: this.steps.map((step, index) => step._render(brought[index])),
      ...search && { search: limitsOf(search) },
    };
  }
}

/** Steps of a search are alternatives, so a repeated step would repeat a candidate. */
function repeatedProblems(step: OptimizationStep, earlier: OptimizationStep[]): string[] {
  return earlier.some((other) => other._key() === step._key())
    ? [`OptimizationRecipe.search(…) steps has ${step.description} more than once with the same settings, which is one candidate: `
      + 'give it once, or give it other settings']
    : [];
}

/** Later steps change the result of earlier ones, and weights cannot change once they are quantized or constants. */
const ORDER = [Distillation, Pruning, Quantization, Graph];

function orderProblems(steps: OptimizationStep[]): string[] {
  const rank = (step: OptimizationStep) => isBaked(step) ? ORDER.length : ORDER.findIndex((kind) => step instanceof kind);
  const legal = [...steps].sort((step, other) => rank(step) - rank(other));
  if (legal.every((step, index) => step === steps[index])) {
    return [];
  }
  const list = (all: OptimizationStep[]) => all.map((step) => step.description).join(', ');
  return [`recipe has ${list(steps)}, and a student is trained first, then pruned, then quantized or frozen, when weights can no longer be changed, and bfloat16 comes last: `
    + `use OptimizationRecipe.of(${list(legal)})`];
}

/** bfloat16 is applied to a frozen graph. */
function isBaked(step: OptimizationStep): boolean {
  return step instanceof Quantization && step._format() === ModelFormat.SAVED_MODEL;
}

function stepProblems(step: OptimizationStep, format: ModelFormat, hasData: boolean, isReadByFile: boolean): string[] {
  const problems: string[] = [];
  if (step instanceof Quantization && step._format() !== format) {
    problems.push(format === ModelFormat.SAVED_MODEL
      ? `${step.description} is for LiteRT, and would make a SavedModel slower: leave it out, or serve the model with ModelFunction`
      : `${step.description} is for TensorFlow Serving, LiteRT does not compute with it: use Quantization.float16() for the same size`);
  }
  if (step instanceof Pruning) {
    problems.push(...step._stepProblems(hasData));
    if (format === ModelFormat.SAVED_MODEL && isReadByFile) {
      problems.push(`${step.description} makes a model smaller only where it travels compressed, and pods read it file by file: `
        + 'leave it out, or serve the model with ModelFleet or ModelFunction');
    }
  }
  if (step instanceof Distillation) {
    problems.push(...step._stepProblems(hasData));
  }
  if (step instanceof Graph && format === ModelFormat.LITERT) {
    problems.push(`${step.description} has no effect on a LiteRT model, whose conversion keeps nothing to strip: leave it out`);
  }
  if (step instanceof Quantization) {
    problems.push(...step._stepProblems());
  }
  if (step instanceof Quantization && step._needsData() && !hasData) {
    problems.push(`${step.description} needs real inputs to calibrate with: give evaluation, or use Quantization.dynamicRange()`);
  }
  return problems;
}

function limitsOf({ objective, maxAccuracyLoss, maxErrorIncrease, maxTrials }: OptimizationSearchOptions): documents.Search {
  return { objective, maxAccuracyLoss, maxErrorIncrease, maxTrials: maxTrials ?? 20 };
}
