import type { Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Token } from 'aws-cdk-lib';
import type * as documents from '../../private/documents/job';
import { shown } from '../../private/validation';
import type { QualityMetric } from './quality-metric';

interface Rule {
  readonly rule: documents.Rule['rule'];
  readonly value: number;
  readonly metric?: QualityMetric;
}

/** Values that a rule takes, in words and as a test. */
interface Range {
  readonly words: string;
  /** Says that a value above 1 may be a percentage that was meant as a share. */
  readonly isShare?: boolean;
  fits(value: number): boolean;
}

const AT_LEAST_0: Range = { words: 'at least 0', fits: (value) => value >= 0 };
const ABOVE_0: Range = { words: 'above 0', fits: (value) => value > 0 };
const LOSS: Range = { words: 'at least 0 and below 1', isShare: true, fits: (value) => value >= 0 && value < 1 };
const SHARE: Range = { words: 'above 0 and at most 1', isShare: true, fits: (value) => value > 0 && value <= 1 };

interface RuleKind {
  /** Method of `QualityGate`; the rule's own name when absent. */
  readonly method?: string;
  readonly range: Range;
  /** Evaluation data that the rule cannot do without. */
  readonly data?: 'inputs' | 'inputs with labels';
  /** Says that the value that it judges has a confidence interval. */
  readonly isStatistical: boolean;
}

const RULES: Record<Rule['rule'], RuleKind> = {
  maxAccuracyLoss: { range: LOSS, data: 'inputs with labels', isStatistical: true },
  maxErrorIncrease: { range: AT_LEAST_0, data: 'inputs with labels', isStatistical: true },
  minAgreement: { range: SHARE, data: 'inputs', isStatistical: true },
  maxRelativeError: { range: ABOVE_0, isStatistical: true },
  maxLoss: { range: LOSS, data: 'inputs with labels', isStatistical: true },
  notWorseThanServing: { range: LOSS, data: 'inputs with labels', isStatistical: true },
  maxSizeBytes: { method: 'maxSize', range: ABOVE_0, isStatistical: false },
  maxLatencyRatio: { range: ABOVE_0, isStatistical: false },
};

/** Options of the comparison of a new version with the one that serves. */
export interface NotWorseThanServingOptions {
  /** The metric; the output that loses most of it decides. */
  readonly metric: QualityMetric;

  /** Loss of the metric that a new version may have: 0.01 is one percentage point. For `QualityMetric.meanAbsoluteError()` a share of the error. */
  readonly margin: number;
}

/** Rules that a candidate must keep to be published. A build whose candidates all fail publishes nothing and fails the deployment. */
export class QualityGate {
  /**
   * At most this much accuracy may be lost, on labelled data.
   *
   * @param loss a share of all samples: 0.01 is one percentage point
   */
  public static maxAccuracyLoss(loss: number): QualityGate {
    return new QualityGate([{ rule: 'maxAccuracyLoss', value: loss }], false);
  }

  /**
   * At most this much of a metric may be lost, on labelled data, beyond what chance explains.
   * A loss whose 95 % interval includes 0 does not break the rule; with `strict()` the upper end of the interval must keep the limit.
   * Where a class is rare in the labels, the default is `maxLoss(QualityMetric.balancedAccuracy(), 0.02)`.
   *
   * @param metric the metric; the output that loses most of it decides
   * @param loss original minus candidate: 0.02 is two percentage points. For `QualityMetric.meanAbsoluteError()` a share of the original's error
   */
  public static maxLoss(metric: QualityMetric, loss: number): QualityGate {
    return new QualityGate([{ rule: 'maxLoss', value: loss, metric }], false);
  }

  /**
   * Not worse than the version that serves, by more than a margin and by more than chance explains.
   *
   * The build measures both versions on the same rows. It passes where no version serves yet. A version that was built before and goes live again,
   * by a rollback, by a delivery's `promote` or by the same job, is not compared again.
   *
   * @param options the metric and the margin
   */
  public static notWorseThanServing(options: NotWorseThanServingOptions): QualityGate {
    const { metric, margin } = options;
    return new QualityGate([{ rule: 'notWorseThanServing', value: margin, metric }], false);
  }

  /**
   * At most this increase of the mean absolute error of regressions, on labelled data.
   *
   * @param increase a share of the original's error: 0.01 is one per cent
   */
  public static maxErrorIncrease(increase: number): QualityGate {
    return new QualityGate([{ rule: 'maxErrorIncrease', value: increase }], false);
  }

  /**
   * At least this share of the decisions must be the original's, on real inputs.
   *
   * @param share between 0 and 1
   */
  public static minAgreement(share: number): QualityGate {
    return new QualityGate([{ rule: 'minAgreement', value: share }], false);
  }

  /**
   * At most this error, relative to the size of the original's outputs.
   *
   * @param share 0.01 is one per cent
   */
  public static maxRelativeError(share: number): QualityGate {
    return new QualityGate([{ rule: 'maxRelativeError', value: share }], false);
  }

  /**
   * At most this large, unzipped.
   *
   * @param size the limit
   */
  public static maxSize(size: Size): QualityGate {
    return new QualityGate([{ rule: 'maxSizeBytes', value: size.toBytes({ rounding: SizeRoundingBehavior.FLOOR }) }], false);
  }

  /**
   * At most this many times the original's latency, measured in the build. For LiteRT models the original is converted to float32 for that.
   * The rule is broken where two measurements show it: the 95 % interval of the ratio lies above 1.1 times the limit, and a call takes more than 20 µs
   * longer than allowed. Without this rule `OptimizationRecipe.forLiteRt()` publishes no candidate that is slower than float32 by the same measure.
   *
   * @param ratio 0.5 is twice as fast
   */
  public static maxLatencyRatio(ratio: number): QualityGate {
    return new QualityGate([{ rule: 'maxLatencyRatio', value: ratio }], false);
  }

  /** Judges by the unfavourable end of the 95 % interval instead of the measured value. Combine it with rules on accuracy, agreement or error. */
  public static strict(): QualityGate {
    return new QualityGate([], true);
  }

  /**
   * All of these must hold.
   *
   * @param gates the gates to combine
   */
  public static allOf(...gates: QualityGate[]): QualityGate {
    return new QualityGate(gates.flatMap((gate) => gate.rules), gates.some((gate) => gate.isStrict));
  }

  private constructor(private readonly rules: Rule[], private readonly isStrict: boolean) {}

  /** @internal */
  public _problems(hasData: boolean): string[] {
    const problems = this.rules.flatMap((rule) => valueProblems(rule));
    if (this.rules.length === 0 && !this.isStrict) {
      problems.push('gate must have at least one rule, got QualityGate.allOf(): leave gate out for the default');
    }
    if (this.isStrict && !this.rules.some(({ rule }) => RULES[rule].isStatistical)) {
      problems.push('QualityGate.strict() makes other rules stricter, and this gate has none that it applies to: '
        + 'combine it with maxAccuracyLoss, maxErrorIncrease, minAgreement, maxRelativeError, maxLoss or notWorseThanServing in QualityGate.allOf(…)');
    }
    for (const call of new Set(this.rules.map(callOf))) {
      const values = this.rules.filter((rule) => callOf(rule) === call).map((rule) => rule.value);
      if (values.length > 1) {
        problems.push(`gate has ${call} ${values.length} times, with ${JSON.stringify(values)}: keep one of them`);
      }
    }
    for (const [name, { data }] of Object.entries(RULES)) {
      if (data && !hasData && this.rules.some(({ rule }) => rule === name)) {
        problems.push(`QualityGate.${name}(…) needs real ${data}: give evaluation, `
          + 'or use QualityGate.maxRelativeError(…), which generated inputs can judge');
      }
    }
    return problems;
  }

  /** @internal */
  public _render(): documents.Gate {
    return { rules: this.rules.map(({ rule, value, metric }) => ({ rule, value, ...metric && { metric: metric._render() } })), strict: this.isStrict };
  }
}

function callOf({ rule, metric }: Rule): string {
  return `QualityGate.${RULES[rule].method ?? rule}(${metric ? `${metric._call}, ` : ''}…)`;
}

function valueProblems(given: Rule): string[] {
  const { rule, value, metric } = given;
  const problems = metric?._problems() ?? [];
  // A loss of error is an increase, which has no upper end.
  const { words, isShare, fits } = metric?._isError ? AT_LEAST_0 : RULES[rule].range;
  if (Token.isUnresolved(value) || (fits(value) && Number.isFinite(value))) {
    return problems;
  }
  const hint = isShare && value > 1 && value <= 100 ? `: it is a share, so ${value} per cent is ${value / 100}` : '';
  return [...problems, `${callOf(given)} must be ${words}, got ${shown(value)}${hint}`];
}
