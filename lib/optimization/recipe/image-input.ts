import { Token } from 'aws-cdk-lib';
import { ModelFormat } from '../../model/published-model';
import type * as documents from '../../private/documents/job';

const CHANNELS = [1, 3];

/**
 * An input of the model that clients may send as an encoded image: JPEG or PNG. Numbers are taken as without it.
 *
 * The server decodes the image, resizes it to the input's height and width, and computes the numbers that the model was trained on from its pixels.
 * The input has the shape rows, height, width, channels, and 1 or 3 channels. Only LiteRT is served so, by the native runtime.
 */
export class ImageInput {
  /**
   * Pixels as they are, from 0 to 255. In Keras: EfficientNet, ConvNeXt, MobileNetV3, and models with a `Rescaling` layer of their own.
   *
   * @param options the input, and how images are resized
   */
  public static zeroTo255(options: ImageInputOptions = {}): ImageInput {
    return new ImageInput('zeroTo255', options);
  }

  /**
   * Pixels from 0 to 1.
   *
   * @param options the input, and how images are resized
   */
  public static zeroToOne(options: ImageInputOptions = {}): ImageInput {
    return new ImageInput('zeroToOne', options);
  }

  /**
   * Pixels from -1 to 1: the mode `tf` of Keras, for MobileNet, MobileNetV2, ResNetV2, Inception, Xception and NASNet.
   *
   * @param options the input, and how images are resized
   */
  public static minusOneToOne(options: ImageInputOptions = {}): ImageInput {
    return new ImageInput('minusOneToOne', options);
  }

  /**
   * Blue, green and red, without ImageNet's means: the mode `caffe` of Keras, for ResNet50, ResNet101, ResNet152, VGG16 and VGG19.
   *
   * @param options the input, and how images are resized
   */
  public static caffe(options: ImageInputOptions = {}): ImageInput {
    return new ImageInput('caffe', options);
  }

  /**
   * Normalized by ImageNet's means and standard deviations: the mode `torch` of Keras, for DenseNet.
   *
   * @param options the input, and how images are resized
   */
  public static torch(options: ImageInputOptions = {}): ImageInput {
    return new ImageInput('torch', options);
  }

  /**
   * Any other preprocessing of this form: number = pixel from 0 to 255 × scale + offset.
   *
   * @param options scale and offset, the order of the channels, the input, and how images are resized
   */
  public static linear(options: LinearImageInputOptions): ImageInput {
    return new ImageInput('linear', options, options);
  }

  private constructor(
    private readonly preprocessing: documents.Preprocessing, private readonly options: ImageInputOptions, private readonly pixels?: LinearImageInputOptions,
  ) {}

  /** @internal */
  public _imageProblems(format: ModelFormat): string[] {
    const { input, resize, antialias } = this.options;
    const problems: string[] = [];
    if (format !== ModelFormat.LITERT) {
      problems.push('imageInput has no effect on a SavedModel, because TensorFlow Serving decodes no images: serve the model with LiteRT (ModelServer.LITERT, or '
        + 'ModelFunction), or leave imageInput out');
    }
    if (input === '') {
      problems.push('imageInput must name an input of the model, got "": leave input out where the model has only one');
    }
    problems.push(...memberProblems('resize', resize, ResizeMethod), ...memberProblems('channelOrder', this.pixels?.channelOrder, ChannelOrder));
    if (antialias && resize === ResizeMethod.NEAREST) {
      problems.push('imageInput antialias has no effect with ResizeMethod.NEAREST, which takes one pixel for each: leave one of them out');
    }
    return [...problems, ...this.pixels ? linearProblems(this.pixels) : []];
  }

  /** The member `image` of the optimizer's job. @internal */
  public _renderImage(): documents.ImageInput {
    const { input, resize = ResizeMethod.BILINEAR, antialias = false } = this.options;
    const { scale, offset, channelOrder } = this.pixels ?? {};
    return { input, preprocessing: this.preprocessing, method: resize, antialias, channelOrder, scale, offset };
  }
}

function memberProblems(property: string, value: string | undefined, members: Record<string, string>): string[] {
  const allowed = Object.values(members);
  return value === undefined || allowed.includes(value) ? [] : [`imageInput ${property} must be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`];
}

function linearProblems({ scale, offset }: LinearImageInputOptions): string[] {
  const problems: string[] = [];
  for (const [property, numbers] of Object.entries({ scale, offset })) {
    if (numbers === undefined || Token.isUnresolved(numbers)) {
      continue;
    }
    const got = `got ${JSON.stringify(numbers.map((number) => Number.isFinite(number) ? number : String(number)))}`;
    if (!CHANNELS.includes(numbers.length)) {
      problems.push(`imageInput ${property} must be a list of one number for all channels, or of three, ${got}`);
    } else if (!numbers.every(Number.isFinite)) {
      problems.push(`imageInput ${property} must be finite numbers, ${got}`);
    } else if (property === 'scale' && numbers.includes(0)) {
      problems.push(`imageInput scale must not be 0, which makes all pixels of a channel equal, ${got}`);
    }
  }
  return problems;
}

/** Method to resize images, by the name that it has in `tf.image.resize`. */
export enum ResizeMethod {
  /** Mean of the four nearest pixels, weighted by their distance. What Keras' `image_dataset_from_directory` does. */
  BILINEAR = 'bilinear',

  /** The nearest pixel. */
  NEAREST = 'nearest',

  /** Keys' cubic of the sixteen nearest pixels. Numbers may be beyond those of the pixels. */
  BICUBIC = 'bicubic',
}

/** Order of the colors in the last dimension of an input. */
export enum ChannelOrder {
  /** Red, green, blue: that of TensorFlow's decoders and of Pillow. */
  RGB = 'RGB',

  /** Blue, green, red: that of OpenCV. */
  BGR = 'BGR',
}

/** An input for images, and how they are resized. */
export interface ImageInputOptions {
  /**
   * Name of the input. Other signatures take images too, where they have an input of this name, type and shape.
   *
   * @default - the only input of the model
   */
  readonly input?: string;

  /**
   * Method to resize images to the input's height and width. It changes their aspect ratio where that differs.
   *
   * Take what the model's training data were resized with.
   *
   * @default ResizeMethod.BILINEAR
   */
  readonly resize?: ResizeMethod;

  /**
   * Take all pixels of an image into account when it is made smaller, as Pillow does. `tf.image.resize` and Keras do not, by default: of a large
   * image, most pixels then have no influence.
   *
   * @default false
   */
  readonly antialias?: boolean;
}

/** An input for images whose numbers are a linear function of the pixels. */
export interface LinearImageInputOptions extends ImageInputOptions {
  /** The factor of a pixel's value: one number for all channels, or one for each in the order of the model's channels. */
  readonly scale: number[];

  /**
   * The number that is added then: one for all channels, or one for each in the order of the model's channels.
   *
   * @default - 0
   */
  readonly offset?: number[];

  /**
   * Order of the model's channels. For three of them only.
   *
   * @default ChannelOrder.RGB
   */
  readonly channelOrder?: ChannelOrder;
}
