import { OptimizationStep } from './optimization-step';

type QuantizationMode = 'dynamicRange' | 'float16' | 'fullInteger';

/** Fewer bits for each weight. For LiteRT only: TensorFlow Serving would not gain from it. */
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
  public _render(): Record<string, unknown> {
    return { step: 'quantization', mode: this.mode };
  }
}
