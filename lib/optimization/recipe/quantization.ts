import { ModelFormat } from '../../model/published-model';
import type * as documents from '../../private/documents/job';
import { OptimizationStep } from './optimization-step';

/** Fewer bits per weight. `bfloat16` is for TensorFlow Serving, the others are for LiteRT. */
export class Quantization extends OptimizationStep {
  /**
   * 8-bit weights, also used in computation: a quarter of the size. Faster on dense models, and slower than float32 on networks with depthwise
   * convolutions: `OptimizationRecipe.forLiteRt()` leaves those in float.
   */
  public static dynamicRange(): Quantization {
    return new Quantization('dynamicRange');
  }

  /** 16-bit weights: half the size, no faster. */
  public static float16(): Quantization {
    return new Quantization('float16');
  }

  /**
   * 8-bit weights and activations. Needs evaluation data for calibration. Inputs and outputs stay floats.
   *
   * @param options how to win back accuracy
   */
  public static fullInteger(options: FullIntegerQuantizationOptions = {}): Quantization {
    return new Quantization('fullInteger', undefined, options.recover);
  }

  /**
   * Each kind of layer in its own way, with `litert-quantizer`, whose names are used here. Inputs and outputs stay floats.
   *
   * Weights of fewer than 1,024 numbers stay floats, and layers of which nothing is said.
   *
   * @param options how to quantize each kind of layer
   */
  public static mixed(options: MixedQuantizationOptions): Quantization {
    return new Quantization('mixed', options);
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

  private constructor(
    private readonly mode: documents.Quantization['mode'], private readonly layers?: MixedQuantizationOptions, private readonly recover?: QuantizationRecovery,
  ) {
    super();
    this.description = `Quantization.${mode}(${layers || recover ? '…' : ''})`;
  }

  /** @internal */
  public _stepProblems(): string[] {
    if (this.mode !== 'mixed') {
      return this.recoveryProblems();
    }
    const named = Object.entries(this.operations());
    const known = Object.values(LayerQuantization);
    const wrong = named.filter(([, quantization]) => !known.includes(quantization));
    if (wrong.length > 0) {
      return wrong.map(([operation, quantization]) =>
        `Quantization.mixed(…) ${PROPERTIES[operation]} must be a LayerQuantization (${known.join(', ')}), got ${JSON.stringify(quantization)}`);
    }
    if (named.every(([, quantization]) => quantization === LayerQuantization.NO_QUANTIZE)) {
      return ['Quantization.mixed(…) must quantize at least one kind of layer: give allSupported, or leave the step out'];
    }
    return named.filter(([operation, quantization]) => quantization.startsWith('dynamic_wi4b') && operation !== OPERATIONS.fullyConnected)
      .map(([operation, quantization]) => `Quantization.mixed(…) ${PROPERTIES[operation]} cannot be ${quantization}: int4 by blocks is for fullyConnected only`);
  }

  /** Makes several candidates, of which the best is published. @internal */
  public _recovers(): boolean {
    return this.recover !== undefined;
  }

  /** @internal */
  public _needsData(): boolean {
    return this.mode === 'fullInteger' || Object.values(this.operations()).includes(LayerQuantization.STATIC_WI8_AI8);
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
  public _render(): documents.Quantization {
    return { step: 'quantization', mode: this.mode, ...this.layers && { operations: this.operations() }, ...this.recover && { recover: this.recover } };
  }

  private recoveryProblems(): string[] {
    const known = Object.values(QuantizationRecovery);
    return this.recover === undefined || known.includes(this.recover) ? [] : [
      `Quantization.fullInteger(…) recover must be a QuantizationRecovery (${known.join(', ')}), got ${JSON.stringify(this.recover)}`,
    ];
  }

  private operations(): Record<string, LayerQuantization> {
    const { layers } = this;
    return Object.fromEntries(Object.entries(OPERATIONS).flatMap(([property, operation]) => {
      const quantization = layers?.[property as keyof MixedQuantizationOptions];
      return quantization === undefined ? [] : [[operation, quantization]];
    }));
  }
}

/** LiteRT's operations. */
const OPERATIONS: Record<keyof MixedQuantizationOptions, string> = {
  allSupported: '*',
  fullyConnected: 'FULLY_CONNECTED',
  batchMatmul: 'BATCH_MATMUL',
  conv2d: 'CONV_2D',
  conv2dTranspose: 'CONV_2D_TRANSPOSE',
  depthwiseConv2d: 'DEPTHWISE_CONV_2D',
};

const PROPERTIES = Object.fromEntries(Object.entries(OPERATIONS).map(([property, operation]) => [operation, property]));

/**
 * The types of a layer's weights and activations, in the words of `litert-quantizer`: `WI8` is 8-bit integer weights, `AFP32` float32 activations.
 */
export enum LayerQuantization {
  /** Weights stay floats. */
  NO_QUANTIZE = 'no_quantize',
  /** 8-bit weights that are computed with as floats: a quarter of the size, no faster. */
  WEIGHT_ONLY_WI8_AFP32 = 'weight_only_wi8_afp32',
  /** 8-bit weights; activations become integers when the model runs. */
  DYNAMIC_WI8_AFP32 = 'dynamic_wi8_afp32',
  /** The same with 4-bit weights, of which each block of 32 has a scale of its own. For `fullyConnected` only. */
  DYNAMIC_WI4B32_AFP32 = 'dynamic_wi4b32_afp32',
  /** Blocks of 64. */
  DYNAMIC_WI4B64_AFP32 = 'dynamic_wi4b64_afp32',
  /** Blocks of 128: the fastest, and the least exact. */
  DYNAMIC_WI4B128_AFP32 = 'dynamic_wi4b128_afp32',
  /** 8-bit weights and activations. Needs evaluation data to calibrate with. */
  STATIC_WI8_AI8 = 'static_wi8_ai8',
}

/** Options for `Quantization.fullInteger()`. */
export interface FullIntegerQuantizationOptions {
  /**
   * Measures against what the quantization loses. Each is a candidate beside the plain quantization: one part of the evaluation data chooses the
   * best, another judges it.
   *
   * @default - the plain quantization alone
   */
  readonly recover?: QuantizationRecovery;
}

/** Measures against what full-integer quantization loses. */
export enum QuantizationRecovery {
  /**
   * Equalizes channels that are scaled differently, where only ReLU, pooling or padding lies between two layers, and corrects the biases of layers
   * whose mean output was moved. Takes as long as some hundred runs of the model for each layer.
   */
  WITHOUT_TRAINING = 'withoutTraining',
  /**
   * Adds to `WITHOUT_TRAINING` ten passes of training on a part of the evaluation data, with weights and activations rounded as when quantized.
   * Helps behind every activation, and costs the gate half of the rows.
   */
  WITH_TRAINING = 'withTraining',
}

/** Options of `Quantization.mixed(…)`: the quantization of each kind of layer. */
export interface MixedQuantizationOptions {
  /**
   * Every layer that no other property names.
   *
   * @default LayerQuantization.NO_QUANTIZE
   */
  readonly allSupported?: LayerQuantization;

  /**
   * Dense layers: `FULLY_CONNECTED`. Where the number of a layer's inputs is no multiple of the block, its weights get 8 bits, and the build warns.
   *
   * @default - as allSupported
   */
  readonly fullyConnected?: LayerQuantization;

  /**
   * Products of two computed tensors, or with a constant: `BATCH_MATMUL`.
   *
   * @default - as allSupported
   */
  readonly batchMatmul?: LayerQuantization;

  /**
   * Convolutions: `CONV_2D`. A separable convolution has one, of one pixel.
   *
   * @default - as allSupported
   */
  readonly conv2d?: LayerQuantization;

  /**
   * Transposed convolutions: `CONV_2D_TRANSPOSE`.
   *
   * @default - as allSupported
   */
  readonly conv2dTranspose?: LayerQuantization;

  /**
   * Depthwise convolutions: `DEPTHWISE_CONV_2D`. They have few weights, and with `DYNAMIC_WI8_AFP32` they are slower than in float.
   * Grouped convolutions, `Conv2D(groups=…)` of Keras, count as such.
   *
   * @default - as allSupported
   */
  readonly depthwiseConv2d?: LayerQuantization;
}
