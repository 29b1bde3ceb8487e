import { ModelFormat } from '../../model/published-model';
import { OptimizationStep } from './optimization-step';

type QuantizationMode = 'dynamicRange' | 'float16' | 'fullInteger' | 'bfloat16';

/** Fewer bits per weight. `bfloat16` is for TensorFlow Serving, the others are for LiteRT. */
export class Quantization extends OptimizationStep {
  /** 8-bit weights, also used in computation: a quarter of the size, and several times faster on dense models. */
  public static dynamicRange(): Quantization {
    return new Quantization('dynamicRange');
  }

  /** 16-bit weights: half the size, no faster. */
  public static float16(): Quantization {
    return new Quantization('float16');
  }

  /** 8-bit weights and activations. Needs evaluation data for calibration. Inputs and outputs stay floats. */
  public static fullInteger(): Quantization {
    return new Quantization('fullInteger');
  }

  /**
   * 16-bit weights and computation in TensorFlow Serving's graph: half the size, and 1.4 to 1.9 times as fast as measured.
   *
   * Freezes the model, and must be the last step. Only for processors with bfloat16 (Intel Sapphire Rapids, AMD Genoa, or newer): on others
   * TensorFlow
   * Serving crashes at the first request, so the endpoints check the processor first. On a build machine without bfloat16, latency is not measured,
   * and
   * a gate on it fails.
   */
  public static bfloat16(): Quantization {
    return new Quantization('bfloat16');
  }

  public readonly description: string;

  private constructor(private readonly mode: QuantizationMode) {
    super();
    this.description = `Quantization.${mode}()`;
  }

  /** @internal */
  public _needsData(): boolean {
    return this.mode === 'fullInteger';
  }

  /** @internal */
  public _format(): ModelFormat {
    return this.mode === 'bfloat16' ? ModelFormat.SAVED_MODEL : ModelFormat.LITERT;
  }

  /**
   * Processor features that endpoints need.
   *
   * @internal
   */
  public _cpuFeatures(): string[] {
    return this.mode === 'bfloat16' ? ['bf16'] : [];
  }

  /** @internal */
  public _render(): Record<string, unknown> {
    return { step: 'quantization', mode: this.mode };
  }
}
