import type { Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Token } from 'aws-cdk-lib';

interface Rule {
  readonly rule: 'maxAccuracyLoss' | 'maxErrorIncrease' | 'minAgreement' | 'maxRelativeError' | 'maxSizeBytes' | 'maxLatencyRatio';
  readonly method: string;
  readonly value: number;
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
        + 'combine it with maxAccuracyLoss, maxErrorIncrease, minAgreement or maxRelativeError in QualityGate.allOf(…)');
    }
    for (const method of new Set(this.rules.map((rule) => rule.method))) {
      const values = this.rules.filter((rule) => rule.method === method).map((rule) => rule.value);
      if (values.length > 1) {
        problems.push(`gate has QualityGate.${method}(…) ${values.length} times, with ${JSON.stringify(values)}: keep one of them`);
      }
    }
    for (const method of ['maxAccuracyLoss', 'maxErrorIncrease', 'minAgreement']) {
      if (!hasData && this.rules.some((rule) => rule.method === method)) {
        problems.push(`QualityGate.${method}(…) needs real ${method === 'minAgreement' ? 'inputs' : 'inputs with labels'}: give evaluation, `
          + 'or use QualityGate.maxRelativeError(…), which generated inputs can judge');
      }
    }
    return problems;
  }

  /** @internal */
  public _render(): Record<string, unknown> {
    return { rules: this.rules.map(({ rule, value }) => ({ rule, value })), strict: this.isStrict };
  }
}

function isStatistical(rule: Rule): boolean {
  return ['maxAccuracyLoss', 'maxErrorIncrease', 'minAgreement', 'maxRelativeError'].includes(rule.method);
}

function valueProblems({ method, value }: Rule): string[] {
  if (Token.isUnresolved(value)) {
    return [];
  }
  const isShare = method === 'maxAccuracyLoss' || method === 'minAgreement';
  const allowed = method === 'maxAccuracyLoss' ? 'at least 0 and below 1' : method === 'maxErrorIncrease' ? 'at least 0' : isShare ? 'above 0 and at most 1' : 'above 0';
  const fits = method === 'maxAccuracyLoss' ? value >= 0 && value < 1 : method === 'maxErrorIncrease' ? value >= 0 : value > 0 && (!isShare || value <= 1);
  const hint = isShare && value > 1 && value <= 100 ? `: it is a share, so ${value} per cent is ${value / 100}` : '';
  return fits && Number.isFinite(value) ? [] : [`QualityGate.${method}(…) must be ${allowed}, got ${JSON.stringify(value)}${hint}`];
}
