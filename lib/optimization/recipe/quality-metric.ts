import { Token } from 'aws-cdk-lib';
import type * as documents from '../../private/documents/job';
import { shown } from '../../private/validation';

/** Options of a metric. */
export interface QualityMetricOptions {
  /**
   * Name of the output.
   *
   * @default - each output that has the metric; the one that loses most decides
   */
  readonly output?: string;
}

/** Options of a metric of classes. */
export interface ClassMetricOptions extends QualityMetricOptions {
  /**
   * Number of the class, from 0 in the order of the output; 1 is the positive class of two. For an output with several labels, the label.
   *
   * @default - the mean of all classes that the labels have, every class counting alike ("macro")
   */
  readonly classIndex?: number;
}

/** A figure of a model's answers against their labels, for `QualityGate.maxLoss(…)`. */
export class QualityMetric {
  /**
   * Accuracy: the share of all decisions that are right. Where a class is rare it hardly shows what happens to that class.
   *
   * @param options the output
   */
  public static accuracy(options: QualityMetricOptions = {}): QualityMetric {
    return new QualityMetric('accuracy', 'accuracy', options);
  }

  /**
   * Balanced accuracy: the mean recall of the classes.
   *
   * @param options the output
   */
  public static balancedAccuracy(options: QualityMetricOptions = {}): QualityMetric {
    return new QualityMetric('balancedAccuracy', 'balancedAccuracy', options);
  }

  /**
   * Recall: the share of a class's samples that are found.
   *
   * @param options the class, and the output
   */
  public static recall(options: ClassMetricOptions = {}): QualityMetric {
    return new QualityMetric('recall', 'recall', options);
  }

  /**
   * Precision: the share of the decisions for a class that are right.
   *
   * @param options the class, and the output
   */
  public static precision(options: ClassMetricOptions = {}): QualityMetric {
    return new QualityMetric('precision', 'precision', options);
  }

  /**
   * F1 score: the harmonic mean of precision and recall.
   *
   * @param options the class, and the output
   */
  public static f1(options: ClassMetricOptions = {}): QualityMetric {
    return new QualityMetric('f1', 'f1', options);
  }

  /**
   * Area under the ROC curve of two classes: how often a sample of the class 1 has a greater score than one of the class 0. It needs no threshold.
   *
   * @param options the output
   */
  public static areaUnderRocCurve(options: QualityMetricOptions = {}): QualityMetric {
    return new QualityMetric('auc', 'areaUnderRocCurve', options);
  }

  /**
   * Top-k accuracy: the share of the samples whose class is among those with the k greatest scores.
   *
   * @param k at least 1, and less than the output's number of classes
   * @param options the output
   */
  public static topK(k: number, options: QualityMetricOptions = {}): QualityMetric {
    return new QualityMetric('topK', 'topK', options, k);
  }

  /**
   * Mean absolute error of a regression. Its loss is the increase, as a share of the original's error: 0.01 is one per cent.
   *
   * @param options the output
   */
  public static meanAbsoluteError(options: QualityMetricOptions = {}): QualityMetric {
    return new QualityMetric('meanAbsoluteError', 'meanAbsoluteError', options);
  }

  private constructor(
    private readonly metric: documents.MetricName, private readonly method: string, private readonly options: ClassMetricOptions, private readonly k?: number,
  ) {}

  /** @internal */
  public get _isError(): boolean {
    return this.metric === 'meanAbsoluteError';
  }

  /** @internal */
  public get _call(): string {
    const { classIndex, output } = this.options;
    const options = Object.entries({ classIndex, output }).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    const listed = [...this.k === undefined ? [] : [String(this.k)], ...options.length ? [`{ ${options.join(', ')} }`] : []];
    return `QualityMetric.${this.method}(${listed.join(', ')})`;
  }

  /** @internal */
  public _problems(): string[] {
    const problems: string[] = [];
    const { classIndex, output } = this.options;
    if (classIndex !== undefined && !Token.isUnresolved(classIndex) && !(Number.isInteger(classIndex) && classIndex >= 0)) {
      problems.push(`${this._call} classIndex must be a whole number of at least 0, got ${shown(classIndex)}`);
    }
    if (this.k !== undefined && !Token.isUnresolved(this.k) && !(Number.isInteger(this.k) && this.k >= 1)) {
      problems.push(`${this._call} k must be a whole number of at least 1, got ${shown(this.k)}`);
    }
    if (output === '') {
      problems.push(`${this._call} output must be the name of an output, got "": leave it out for all outputs`);
    }
    return problems;
  }

  /** @internal */
  public _render(): documents.Metric {
    const { classIndex, output } = this.options;
    return { name: this.metric, classIndex, k: this.k, output };
  }
}
