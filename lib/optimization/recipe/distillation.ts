import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StoredObject } from '../../model/stored-object';
import type * as documents from '../../private/documents/job';
import { checkInteger, shown } from '../../private/validation';
import { OptimizationStep } from './optimization-step';
import type { Student } from './student';

/**
 * Trains a smaller model to answer like the original, and publishes it instead: smaller and faster on every path, at the price of accuracy.
 *
 * The original may have any supported format and needs no training code. The student trains on a part of the evaluation data that is not used to
 * choose
 * or judge candidates. Its best state is kept, so it is never worse than at the start. Provide as much data as possible, with or without labels.
 * The report compares with the same student trained on the labels alone.
 */
export class Distillation extends OptimizationStep {
  /**
   * Trains a student to replace the original. Comes before any pruning and quantization.
   *
   * @param student the smaller model
   * @param options options for training
   */
  public static into(student: Student, options: DistillationOptions = {}): Distillation {
    return new Distillation(student, options);
  }

  public readonly description: string;

  private constructor(private readonly student: Student, private readonly options: DistillationOptions) {
    super();
    this.description = 'Distillation.into(…)';
  }

  /** @internal */
  public _stepProblems(hasData: boolean): string[] {
    const { temperature, alpha, epochs } = this.options;
    const problems = this.student._problems();
    if (!hasData) {
      problems.push('Distillation.into(…) needs real inputs to ask the original about: give evaluation (labels are not needed)');
    }
    if (temperature !== undefined && !Token.isUnresolved(temperature) && !(temperature > 0 && temperature <= 100)) {
      problems.push(`Distillation.into(…) temperature must be above 0 and at most 100, got ${shown(temperature)}`);
    }
    if (alpha !== undefined && !Token.isUnresolved(alpha) && !(alpha >= 0 && alpha <= 1)) {
      const hint = alpha > 1 && alpha <= 100 ? `: it is a share, so ${alpha} per cent is ${alpha / 100}` : '';
      problems.push(`Distillation.into(…) alpha must be from 0 to 1, got ${shown(alpha)}${hint}`);
    }
    problems.push(...checkInteger('Distillation.into(…) epochs', epochs, 1, 1000));
    return problems;
  }

  /** @internal */
  public override _key(): string {
    return JSON.stringify([this.student._key(), this._render()]);
  }

  /** @internal */
  public override _bind(scope: Construct, id: string): StoredObject | undefined {
    return this.student._bind(scope, id);
  }

  /** @internal */
  public _render(stored?: StoredObject): documents.Distillation {
    const { temperature, alpha, epochs, augment } = this.options;
    return {
      step: 'distillation', student: this.student._render(stored), temperature: temperature ?? 4, alpha, epochs: epochs ?? 30, augment: augment ?? true,
    };
  }
}

/** Options for training a student. */
export interface DistillationOptions {
  /**
   * Divides the scores of teacher and student before they are compared: the higher, the more the student learns from unlikely classes.
   * Above 0, at most 100. Has no effect on outputs that are measurements.
   *
   * @default 4
   */
  readonly temperature?: number;

  /**
   * Weight of the labels in training, from 0 to 1; the rest is the weight of the teacher's answers. Values above 0 need labels.
   *
   * @default - 0.1 with labels, 0 without
   */
  readonly alpha?: number;

  /**
   * Number of passes over the training part of the evaluation data.
   *
   * @default 30
   */
  readonly epochs?: number;

  /**
   * Also train on up to fifteen modified copies of each input: images are shifted by up to a fourteenth of their sides, other floats get
   * some noise. The teacher answers each copy; labels stay the same.
   *
   * @default true
   */
  readonly augment?: boolean;
}
