import { Duration, Lazy } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ChannelOrder, ModelOptimizerProps } from '../../lib';
import { EvaluationData, ImageInput, ModelFormat, ModelSource, ModelTask, OptimizationRecipe, QualityGate, Quantization, ResizeMethod } from '../../lib';
import { directoryWith, fileWith, LITERT } from '../model/model-files';
import { evaluation, optimize } from './optimizer-fixtures';

describe('refuses', () => {
  const refusal = (props: Partial<ModelOptimizerProps>) => () => optimize(props);

  test.each<[string, Partial<ModelOptimizerProps>, string]>([
    ['a .tflite model for TensorFlow Serving', {
      model: ModelSource.fromAsset(fileWith('m.tflite', LITERT)), format: ModelFormat.SAVED_MODEL,
    }, 'a .tflite model cannot be served by TensorFlow Serving'],
    ['a gate on accuracy without data', { gate: QualityGate.maxAccuracyLoss(0.01) }, 'give evaluation'],
    ['fullInteger without data', { recipe: OptimizationRecipe.of(Quantization.fullInteger()) }, 'give evaluation, or use Quantization.dynamicRange()'],
    ['a task without data', { tasks: { y: ModelTask.BINARY } }, 'tasks has no effect without real inputs'],
    ['a task of no output', { evaluation, tasks: {} }, 'tasks must name at least one output'],
    ['a task of an output without name', { evaluation, tasks: { '': ModelTask.BINARY } }, 'got ""'],
    ['images for TensorFlow Serving', { imageInput: ImageInput.torch(), format: ModelFormat.SAVED_MODEL },
      'TensorFlow Serving decodes no images: serve the model with LiteRT (ModelServer.LITERT, or ModelFunction), or leave imageInput out'],
    ['images without a word about their pixels', { evaluation: EvaluationData.fromAsset(directoryWith({ 'labels.csv': 'path\na.png', 'a.png': 'x' })) },
      'evaluation has images, and nothing says what numbers the model makes of their pixels: give imageInput'],
    ['images for an input without name', { imageInput: ImageInput.torch({ input: '' }) }, 'imageInput must name an input of the model, got ""'],
    ['a method that is none', { imageInput: ImageInput.zeroToOne({ resize: 'area' as ResizeMethod }) },
      'imageInput resize must be one of bilinear, nearest, bicubic, got "area"'],
    ['an order of channels that is none', { imageInput: ImageInput.linear({ scale: [1], channelOrder: 'GRB' as ChannelOrder }) },
      'imageInput channelOrder must be one of RGB, BGR, got "GRB"'],
    ['antialias of the nearest pixel', { imageInput: ImageInput.zeroToOne({ resize: ResizeMethod.NEAREST, antialias: true }) },
      'imageInput antialias has no effect with ResizeMethod.NEAREST'],
    ['two scales', { imageInput: ImageInput.linear({ scale: [1, 2] }) }, 'imageInput scale must be a list of one number for all channels, or of three, got [1,2]'],
    ['an offset that is no number', { imageInput: ImageInput.linear({ scale: [1], offset: [0, NaN, 1] }) }, 'imageInput offset must be finite numbers, got [0,"NaN",1]'],
    ['a scale of 0', { imageInput: ImageInput.linear({ scale: [1, 0, 1] }) }, 'imageInput scale must not be 0'],
    ['what is no image', { imageInput: 'torch' as never }, 'imageInput must be an ImageInput, got "torch": give ImageInput.zeroToOne()'],
    ['no labels', { labels: [] }, 'labels must name'],
    ['labels that are numbers', { labels: [0, 1, 2] as any }, 'labels must have texts, got 0: give "0"'],
    ['a label twice', { labels: ['a', 'b', 'a'] }, 'got "a" twice'],
    ['more labels than a request can hold', { labels: Array.from({ length: 10_000 }, (_, index) => `the class ${index}`) },
      'labels must have at most 100000 bytes together, got 188893 for 10000 names'],
    ['labels and a file of them', { labels: ['a'], labelsFile: fileWith('labels.txt', 'a\nb\n') }, 'labels and labelsFile exclude each other: keep one of them'],
    ['a file of labels that is not there', { labelsFile: 'no/such.txt' }, 'labelsFile must be a text file with the name of a class on each line, and there is no'],
    ['a file of labels with an empty line', { labelsFile: fileWith('labels.txt', 'a\n\nb\n') }, 'labelsFile must have the name of a class on each line, and line 2 of'],
    ['a label twice in a file', { labelsFile: fileWith('labels.txt', 'a\nb\na') }, 'labelsFile must be different from each other, got "a" twice'],
    ['a seed that is none', { seed: -1 }, 'seed must be between 0'],
    ['a fraction as seed', { seed: 0.5 }, 'seed must be a whole number'],
    ['more time than a deployment waits', { optimizationTimeout: Duration.minutes(56) }, 'got 56: a deployment cannot wait longer; optimize and publish from the'],
    ['less time than CodeBuild takes', { optimizationTimeout: Duration.minutes(9) }, 'must be between 10 and 55, got 9'],
    ['a time that is a token', { optimizationTimeout: Duration.minutes(Lazy.number({ produce: () => 30 })) }, 'optimizationTimeout must be known when the app is synthesized'],
    ['parts of a minute', { optimizationTimeout: Duration.seconds(630) }, 'must be a whole number between 10 and 55, got 10.5'],
    ['an index that is no address', { packageIndexUrl: 'mirror' }, 'packageIndexUrl must be an http or https address'],
    ['a password in the index', { packageIndexUrl: 'https://me:secret@mirror.example' }, 'must not hold a user or password'],
    ['the index twice', { packageIndexUrl: 'https://m.example', buildEnvironment: { PIP_INDEX_URL: { value: 'x' } } }, 'exclude each other'],
    ['our own environment', { buildEnvironment: { BUILD_KEY: { value: 'x' } } }, 'must not set BUILD_KEY'],
    ['CodeBuild\'s environment', { buildEnvironment: { CODEBUILD_SRC_DIR: { value: 'x' } } }, 'must not set CODEBUILD_SRC_DIR'],
    ['subnets without a VPC', { buildVpcSubnets: {} }, 'buildVpcSubnets has no effect without buildVpc'],
    ['security groups without a VPC', { buildSecurityGroups: [] }, 'buildSecurityGroups has no effect without buildVpc'],
    ['Lambda compute', { buildImage: codebuild.LinuxLambdaBuildImage.AMAZON_LINUX_2023_PYTHON_3_13 }, 'neither room nor time'],
    ['a machine of Lambda compute', { computeType: codebuild.ComputeType.LAMBDA_10GB }, 'computeType must be one of CodeBuild\'s EC2 compute, got BUILD_LAMBDA_10GB'],
    ['a Windows image', { buildImage: codebuild.WindowsBuildImage.WIN_SERVER_CORE_2022_BASE_3_0 }, 'buildImage must be a Linux image, got one for WINDOWS_SERVER_2022_CONTAINER'],
    ['an image of another processor than the one that serves', { architecture: lambda.Architecture.ARM_64, buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 },
      'buildImage is for x86_64 (LINUX_CONTAINER), and the model is optimized for and proved on arm64: give an image for arm64, e.g. codebuild.LinuxArmBuildImage'],
    ['an arm64 image for x86_64', { buildImage: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0 }, 'buildImage is for arm64 (ARM_CONTAINER)'],
    ['a name with a slash', { modelName: 'digits/1' }, 'modelName must be'],
    ['a parameter that is an address', { pointerParameterName: 'arn:aws:ssm:…' }, 'pointerParameterName must be'],
    ['a parameter that is a token', { pointerParameterName: Lazy.string({ produce: () => '/models/digits' }) }, 'pointerParameterName must be known when the app is synthesized'],
    ['a published model', { model: ModelSource.fromArtifact({} as never) }, 'is optimized and published already: give ModelOptimizer a model from ModelSource.fromAsset'],
    ['a broken model', { model: ModelSource.fromAsset(directoryWith()) }, 'the directory is empty'],
    ['broken data', { evaluation: EvaluationData.fromAsset('no/such.npz') }, 'does not exist'],
  ])('%s', (_, props, words) => {
    expect(refusal(props)).toThrow(words);
  });

  test('accepts model names and times at the limits', () => {
    expect(refusal({ optimizationTimeout: Duration.minutes(55) })).not.toThrow();
    expect(refusal({ optimizationTimeout: Duration.minutes(10) })).not.toThrow();
  });

  test('everything at once, in one error that names the construct', () => {
    expect(refusal({ modelName: '/', seed: -1, gate: QualityGate.minAgreement(2), optimizationTimeout: Duration.hours(2) }))
      .toThrow(/^5 problems:\n {2}- modelName.*\n {2}- QualityGate\.minAgreement.*\n.*\n {2}- seed.*\n {2}- optimizationTimeout/);
  });
});
