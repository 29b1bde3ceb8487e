import { ModelFormat } from '../model/model-format';
import { OptimizationStep } from './optimization-step';

type QuantizationMode = 'dynamicRange' | 'float16' | 'fullInteger' | 'bfloat16';

/** Fewer bits for each weight. `bfloat16` is for TensorFlow Serving, the others are for LiteRT. */
export class Quantization extends OptimizationStep {
  /** 8-bit weights, computed with at run time: a quarter of the size, and several times faster on dense models. */
  public static dynamicRange(): Quantization {
    return new Quantization('dynamicRange');
  }

  /** 16-bit weights: half the size, no faster. */
  public static float16(): Quantization {
    return new Quantization('float16');
  }

  /** 8-bit weights and activations. Needs evaluation data to calibrate with. Inputs and outputs stay floats. */
  public static fullInteger(): Quantization {
    return new Quantization('fullInteger');
  }

  /**
   * 16-bit weights and computation, baked into the graph that TensorFlow Serving loads: half the size, and 1.4 to 1.9 times as fast as measured.
   *
   * Freezes the model, and comes last. Only for processors with bfloat16 (Intel Sapphire Rapids, AMD Genoa, or newer): elsewhere TensorFlow Serving ends
   * at the first request, so that the endpoints check the processor first. On a build machine without bfloat16 the latency is not measured, and a gate
   * on it fails.
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
   * What the processors that serve must have.
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
