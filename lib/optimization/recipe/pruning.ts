import { Token } from 'aws-cdk-lib';
import type * as documents from '../../private/documents/job';
import { checkInteger, shown } from '../../private/validation';
import { OptimizationStep } from './optimization-step';

/**
 * Sets weights to zero. A pruned model is smaller where it is transferred compressed: in a function's layer, and in the archive that the instances of
 * a fleet download. Pods read a model file by file, so `ModelService` rejects pruning. It does not make a model faster.
 *
 * With evaluation data, the other weights are trained on a part of it that is not used to judge candidates: mostly towards the original's answers,
 * and a
 * little towards the labels, if any. The best state is kept, so it is never worse than without training.
 */
export class Pruning extends OptimizationStep {
  /**
   * Sets the weights nearest to zero to zero.
   *
   * @param options sparsity and training
   */
  public static magnitude(options: MagnitudePruningOptions): Pruning {
    return new Pruning(options);
  }

  public readonly description: string;

  private constructor(private readonly options: MagnitudePruningOptions) {
    super();
    this.description = 'Pruning.magnitude(…)';
  }

  /** @internal */
  public _stepProblems(hasData: boolean): string[] {
    const { sparsity, epochs } = this.options;
    const problems: string[] = [];
    if (!Token.isUnresolved(sparsity) && !(sparsity > 0 && sparsity < 1)) {
      const hint = sparsity > 1 && sparsity < 100 ? `: it is a share, so ${sparsity} per cent is ${sparsity / 100}` : '';
      problems.push(`Pruning.magnitude(…) sparsity must be above 0 and below 1, got ${shown(sparsity)}${hint}`);
    }
    problems.push(...checkInteger('Pruning.magnitude(…) epochs', epochs, 1, 1000));
    for (const name of ['schedule', 'epochs'] as const) {
      if (this.options[name] !== undefined && !hasData) {
        problems.push(`Pruning.magnitude(…) ${name} has no effect without data to train on: give evaluation, or leave ${name} out`);
      }
    }
    return problems;
  }

  /** @internal */
  public _render(): documents.Pruning {
    const { sparsity, schedule, epochs } = this.options;
    return { step: 'pruning', sparsity, schedule: schedule ?? PruningSchedule.GRADUAL, epochs: epochs ?? 10 };
  }
}

/** Growth of the share of zeros while a pruned model is trained on the evaluation data. */
export enum PruningSchedule {
  /** From none to all over the first half of the training. */
  GRADUAL = 'gradual',
  /** All before the training. */
  AT_ONCE = 'atOnce',
}

/** Options of pruning by magnitude. */
export interface MagnitudePruningOptions {
  /**
   * Share of each weight matrix that becomes zero, between 0 and 1.
   *
   * Without evaluation data, training cannot repair the loss, and more than 0.5 causes a warning.
   */
  readonly sparsity: number;

  /**
   * Growth of the share, if there is evaluation data to train on.
   *
   * @default PruningSchedule.GRADUAL
   */
  readonly schedule?: PruningSchedule;

  /**
   * Number of passes over the training part of the evaluation data, from 1 to 1000.
   *
   * @default 10
   */
  readonly epochs?: number;
}
