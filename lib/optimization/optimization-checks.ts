import { Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SourceKind } from '../model/model-inspection';
import type { ModelSource } from '../model/model-source';
import { ModelFormat } from '../model/published-model';
import type { PropertyTypes } from '../private/property-types';
import { ARCHITECTURE, BUCKET, BUILD_IMAGE, DURATION, KEY, quoted, REPOSITORY, ROLE, VPC } from '../private/property-types';
import { checkRoleStack } from '../private/role-checks';
import { checkInteger, checkPattern } from '../private/validation';
import { checkBucket } from './artifact/bucket-checks';
import { checkRetention } from './artifact/retention-settings';
import { checkSigning } from './artifact/signing-key';
import { BUILD_VARIABLES } from './build/buildspec';
import { checkLabels } from './build/class-labels';
import { timeoutProblems } from './build/optimization-timeout';
import { checkServerImage } from './build/server-image';
import { warmUpProblems } from './build/warm-up';
import { checkArtifactPrefix, checkModelName, defaultModelName } from './model-name';
import type { ModelOptimizerProps } from './model-optimizer-props';
import { RefusalBehavior } from './optimization-options';
import type { OptimizationOptions } from './optimization-options';

/** The types of a model and of the options for its optimization. */
export const OPTIMIZATION_TYPES: PropertyTypes<OptimizationOptions & { readonly model: ModelSource }> = {
  model: { member: '_original', description: 'a ModelSource', example: (given) => `ModelSource.fromAsset(${quoted(given)})` },
  evaluation: { member: '_bind', description: 'EvaluationData', example: (given) => `EvaluationData.fromAsset(${quoted(given)})` },
  recipe: { member: '_cpuFeatures', description: 'an OptimizationRecipe', example: () => 'OptimizationRecipe.forLiteRt()' },
  gate: { member: '_render', description: 'a QualityGate', example: () => 'QualityGate.maxAccuracyLoss(0.01)' },
  imageInput: { member: '_renderImage', description: 'an ImageInput', example: () => 'ImageInput.zeroToOne()' },
  artifactBucket: BUCKET,
  encryptionKey: KEY,
  signingKey: KEY,
  buildImage: BUILD_IMAGE,
  buildVpc: VPC,
  buildRole: ROLE,
  optimizationTimeout: DURATION,
};

/** The types of an optimizer's properties. */
export const OPTIMIZER_TYPES: PropertyTypes<ModelOptimizerProps> = { ...OPTIMIZATION_TYPES, architecture: ARCHITECTURE, serverRepository: REPOSITORY };

interface OptimizationContext {
  readonly format: ModelFormat;
  readonly sourceKind?: SourceKind;
  /** The endpoint reads the model file by file, not as a compressed archive. */
  readonly isReadByFile?: boolean;
}

export function checkModelOptimizer(scope: Construct, id: string, props: ModelOptimizerProps, isReadByFile = false): string[] {
  return [
    ...props.model._original?.problems()
      ?? ['ModelSource.fromArtifact(…) is optimized and published already: give ModelOptimizer a model from ModelSource.fromAsset or fromBucket'],
    ...checkModelName(props.modelName ?? defaultModelName(id)),
    ...pointerProblems(props.pointerParameterName),
    ...serverProblems(props),
    ...buildImageProblems(props),
    ...checkBucket(scope, props),
    ...checkSigning(props),
    ...checkRoleStack(scope, 'buildRole', props.buildRole),
    ...checkRetention(props.retention),
    ...checkArtifactPrefix(props.artifactPrefix),
    ...checkOptimization(props, { format: props.format ?? ModelFormat.LITERT, sourceKind: props.model._original?.kind, isReadByFile }),
  ];
}

function pointerProblems(name: string | undefined): string[] {
  return Token.isUnresolved(name)
    ? ['pointerParameterName must be known when the app is synthesized, because the parameter\'s ARN depends on how the name begins, and got a token: give a text']
    : checkPattern('pointerParameterName', name, /^[a-zA-Z0-9_.\-/]+$/, 'the name of an SSM parameter');
}

function serverProblems({ serverImage, serverRepository, format, architecture }: ModelOptimizerProps): string[] {
  const problems = checkServerImage('serverImage', serverImage, serverRepository);
  if (serverImage !== undefined && format !== ModelFormat.SAVED_MODEL) {
    problems.push('serverImage has no effect on a LiteRT model, whose server comes with this library: give format SAVED_MODEL, or leave serverImage out');
  }
  if (serverImage !== undefined && architecture === lambda.Architecture.ARM_64) {
    problems.push('serverImage needs the architecture x86_64, got arm64: no official server exists for arm64');
  }
  if (serverRepository !== undefined && serverImage === undefined) {
    problems.push('serverRepository has no effect without serverImage: give serverImage, or leave serverRepository out');
  }
  return problems;
}

/** The optimization tests and measures the model on the architecture that serves it. */
function buildImageProblems({ buildImage, architecture = lambda.Architecture.X86_64 }: ModelOptimizerProps): string[] {
  const built = buildImage?.type.startsWith('ARM_') ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64;
  if (buildImage === undefined || Token.isUnresolved(buildImage.type) || built.name === architecture.name) {
    return [];
  }
  return [`buildImage is for ${built.name} (${buildImage.type}), and the model is optimized for and proved on ${architecture.name}: `
    + `give an image for ${architecture.name}, e.g. codebuild.${architecture === lambda.Architecture.ARM_64 ? 'LinuxArmBuildImage' : 'LinuxBuildImage'}, or leave buildImage out`];
}

/** Returns every problem of an optimization that is visible at synth. */
function checkOptimization(options: OptimizationOptions, context: OptimizationContext): string[] {
  const hasData = options.evaluation !== undefined;
  return [
    ...sourceProblems(context),
    ...options.evaluation?._problems() ?? [],
    ...options.recipe?._problems(context.format, context.sourceKind, hasData, context.isReadByFile) ?? [],
    ...options.gate?._problems(hasData) ?? [],
    ...attemptProblems(options),
    ...imageProblems(options, context),
    ...taskProblems(options),
    ...checkLabels(options),
    ...checkInteger('seed', options.seed, 0, 2 ** 32 - 1),
    ...warmUpProblems(options, context.format),
    ...buildProblems(options),
  ];
}

function sourceProblems({ format, sourceKind }: OptimizationContext): string[] {
  return sourceKind === 'tflite' && format === ModelFormat.SAVED_MODEL
    ? ['a .tflite model cannot be served by TensorFlow Serving: give the SavedModel or Keras file that it was made from, or serve it with LiteRT (ModelServer.LITERT, or ModelFunction)']
    : [];
}

function imageProblems({ imageInput, evaluation }: OptimizationOptions, { format }: OptimizationContext): string[] {
  return imageInput?._imageProblems(format) ?? (!evaluation?._hasImages() ? [] : [
    'evaluation has images, and nothing says what numbers the model makes of their pixels: give imageInput, such as ImageInput.zeroToOne(), '
    + 'or for TensorFlow Serving the numbers as an .npz file',
  ]);
}

function attemptProblems({ attempt, onRefusal }: OptimizationOptions): string[] {
  return attempt === undefined || onRefusal === RefusalBehavior.KEEP_PREVIOUS
    ? checkInteger('attempt', attempt, 1, 1_000_000)
    : ['attempt has no effect without onRefusal: RefusalBehavior.KEEP_PREVIOUS, because a model whose refusal fails the deployment is optimized again by the next: '
      + 'give onRefusal, or leave attempt out'];
}

function taskProblems({ tasks, evaluation }: OptimizationOptions): string[] {
  if (tasks === undefined) {
    return [];
  }
  const problems: string[] = [];
  if (Object.keys(tasks).length === 0) {
    problems.push('tasks must name at least one output, got {}: leave it out to have tasks inferred');
  }
  if (Object.keys(tasks).some((output) => output === '')) {
    problems.push('tasks must be under the names of the model\'s outputs, got ""');
  }
  if (evaluation === undefined) {
    problems.push('tasks has no effect without real inputs, because nothing is decided on generated ones: give evaluation, or leave tasks out');
  }
  return problems;
}

/**
 * Returns every problem of the address of a package index.
 *
 * @param wayOut what to do with an index that asks for a password
 */
export function packageIndexProblems(packageIndexUrl: string | undefined, wayOut: string): string[] {
  return [
    ...checkPattern('packageIndexUrl', packageIndexUrl, /^https?:\/\/[^/\s]+/, 'an http or https address'),
    ...!Token.isUnresolved(packageIndexUrl) && /^https?:\/\/[^/]*@/.test(packageIndexUrl ?? '')
      ? [`packageIndexUrl must not hold a user or password, because it is part of the template: ${wayOut}`] : [],
  ];
}

function buildProblems(options: OptimizationOptions): string[] {
  const problems = [
    ...timeoutProblems(options),
    ...packageIndexProblems(options.packageIndexUrl, 'put the whole address into a secret, and give it to buildEnvironment as UV_DEFAULT_INDEX and PIP_INDEX_URL'),
    ...environmentProblems(options),
  ];
  for (const name of ['buildVpcSubnets', 'buildSecurityGroups'] as const) {
    if (options[name] !== undefined && options.buildVpc === undefined) {
      problems.push(`${name} has no effect without buildVpc: give buildVpc, or leave ${name} out`);
    }
  }
  return [...problems, ...machineProblems(options)];
}

function machineProblems({ buildImage, computeType }: OptimizationOptions): string[] {
  const problems: string[] = [];
  if (buildImage && /LAMBDA/.test(buildImage.type)) {
    problems.push('buildImage must run on CodeBuild\'s EC2 compute, got one for Lambda compute, which has neither room nor time for TensorFlow');
  }
  if (buildImage && /^(WINDOWS|MAC)_/.test(buildImage.type)) {
    problems.push(`buildImage must be a Linux image, got one for ${buildImage.type}: the optimization is a Linux program`);
  }
  if (computeType && /LAMBDA/.test(computeType)) {
    problems.push(`computeType must be one of CodeBuild's EC2 compute, got ${computeType}: Lambda compute has neither room nor time for TensorFlow, so give e.g. ComputeType.LARGE`);
  }
  return problems;
}

function environmentProblems({ buildEnvironment, packageIndexUrl }: OptimizationOptions): string[] {
  const names = Object.keys(buildEnvironment ?? {});
  const ours = names.filter((name) => BUILD_VARIABLES.includes(name) || name === 'PYTHONPATH' || name.startsWith('CODEBUILD_'));
  const problems = ours.map((name) => `buildEnvironment must not set ${name}, which the optimization needs for itself`);
  for (const name of ['UV_DEFAULT_INDEX', 'PIP_INDEX_URL']) {
    if (packageIndexUrl !== undefined && names.includes(name)) {
      problems.push(`packageIndexUrl and buildEnvironment.${name} exclude each other: keep one of them`);
    }
  }
  return problems;
}
