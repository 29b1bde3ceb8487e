import type { Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Token } from 'aws-cdk-lib';
import type { QualityMetric } from './quality-metric';

interface Rule {
  readonly rule: 'maxAccuracyLoss' | 'maxErrorIncrease' | 'minAgreement' | 'maxRelativeError' | 'maxLoss' | 'notWorseThanServing' | 'maxSizeBytes' | 'maxLatencyRatio';
  readonly method: string;
  readonly value: number;
  readonly metric?: QualityMetric;
}

/** Options of the comparison of a new version with the one that serves. */
export interface NotWorseThanServingOptions {
  /** The metric; the output that loses most of it decides. */
  readonly metric: QualityMetric;

  /** How much less of the metric a new version may have: 0.01 is one percentage point. For `QualityMetric.meanAbsoluteError()` a share of the error. */
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
    return new QualityGate([{ rule: 'maxAccuracyLoss', method: 'maxAccuracyLoss', value: loss }], false);
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
    return new QualityGate([{ rule: 'maxLoss', method: 'maxLoss', value: loss, metric }], false);
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
    return new QualityGate([{ rule: 'notWorseThanServing', method: 'notWorseThanServing', value: margin, metric }], false);
  }

  /**
   * At most this increase of the mean absolute error of regressions, on labelled data.
   *
   * @param increase a share of the original's error: 0.01 is one per cent
   */
  public static maxErrorIncrease(increase: number): QualityGate {
    return new QualityGate([{ rule: 'maxErrorIncrease', method: 'maxErrorIncrease', value: increase }], false);
  }

  /**
   * At least this share of the decisions must be the original's, on real inputs.
   *
   * @param share between 0 and 1
   */
  public static minAgreement(share: number): QualityGate {
    return new QualityGate([{ rule: 'minAgreement', method: 'minAgreement', value: share }], false);
  }

  /**
   * At most this error, relative to the size of the original's outputs.
   *
   * @param share 0.01 is one per cent
   */
  public static maxRelativeError(share: number): QualityGate {
    return new QualityGate([{ rule: 'maxRelativeError', method: 'maxRelativeError', value: share }], false);
  }

  /**
   * At most this large, unzipped.
   *
   * @param size the limit
   */
  public static maxSize(size: Size): QualityGate {
    return new QualityGate([{ rule: 'maxSizeBytes', method: 'maxSize', value: size.toBytes({ rounding: SizeRoundingBehavior.FLOOR }) }], false);
  }

  /**
   * At most this many times the original's latency, measured in the build. For LiteRT models the original is converted to float32 for that.
   * Without this rule `OptimizationRecipe.forLiteRt()` publishes no candidate that is slower than float32 beyond the 95 % interval.
   *
   * @param ratio 0.5 is twice as fast
   */
  public static maxLatencyRatio(ratio: number): QualityGate {
    return new QualityGate([{ rule: 'maxLatencyRatio', method: 'maxLatencyRatio', value: ratio }], false);
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
    if (this.isStrict && !this.rules.some((rule) => isStatistical(rule))) {
      problems.push('QualityGate.strict() makes other rules stricter, and this gate has none that it applies to: '
        + 'combine it with maxAccuracyLoss, maxErrorIncrease, minAgreement, maxRelativeError, maxLoss or notWorseThanServing in QualityGate.allOf(…)');
    }
    for (const call of new Set(this.rules.map(callOf))) {
      const values = this.rules.filter((rule) => callOf(rule) === call).map((rule) => rule.value);
      if (values.length > 1) {
        problems.push(`gate has ${call} ${values.length} times, with ${JSON.stringify(values)}: keep one of them`);
      }
    }
    for (const method of ['maxAccuracyLoss', 'maxErrorIncrease', 'minAgreement', 'maxLoss', 'notWorseThanServing']) {
      if (!hasData && this.rules.some((rule) => rule.method === method)) {
        problems.push(`QualityGate.${method}(…) needs real ${method === 'minAgreement' ? 'inputs' : 'inputs with labels'}: give evaluation, `
          + 'or use QualityGate.maxRelativeError(…), which generated inputs can judge');
      }
    }
    return problems;
  }

  /** @internal */
  public _render(): Record<string, unknown> {
    return { rules: this.rules.map(({ rule, value, metric }) => ({ rule, value, ...metric && { metric: metric._render() } })), strict: this.isStrict };
  }
}

function isStatistical(rule: Rule): boolean {
  return !['maxSize', 'maxLatencyRatio'].includes(rule.method);
}

function callOf({ method, metric }: Rule): string {
  return `QualityGate.${method}(${metric ? `${metric._call}, ` : ''}…)`;
}

/** Returns the allowed values of a rule, in words and as a test. */
function allowedFor({ method, metric }: Rule): [string, (value: number) => boolean] {
  if (method === 'maxErrorIncrease' || metric?._isError) {
    return ['at least 0', (value) => value >= 0];
  }
  if (method === 'maxAccuracyLoss' || method === 'maxLoss' || method === 'notWorseThanServing') {
    return ['at least 0 and below 1', (value) => value >= 0 && value < 1];
  }
  return method === 'minAgreement' ? ['above 0 and at most 1', (value) => value > 0 && value <= 1] : ['above 0', (value) => value > 0];
}

function valueProblems(rule: Rule): string[] {
  const { method, value } = rule;
  const problems = rule.metric?._problems() ?? [];
  if (Token.isUnresolved(value)) {
    return problems;
  }
  const [allowed, fits] = allowedFor(rule);
  const isShare = ['maxAccuracyLoss', 'minAgreement', 'maxLoss', 'notWorseThanServing'].includes(method);
  const hint = isShare && value > 1 && value <= 100 ? `: it is a share, so ${value} per cent is ${value / 100}` : '';
  return fits(value) && Number.isFinite(value) ? problems : [...problems, `${callOf(rule)} must be ${allowed}, got ${JSON.stringify(value)}${hint}`];
}
