import { Duration, Size, SizeRoundingBehavior, Token, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { PythonBundling } from '../bundling/python-bundling';
import { ModelFormat } from '../model/published-model';
import type { ArtifactForProps } from '../optimization/endpoint-model';
import { defaultModelName } from '../optimization/model-name';
import type { ModelFunctionProps } from './model-function-props';
import { LiteRtRuntime } from './runtime-layer-props';

/** Memory that gives a function one full processor. More memory gives more processors, in proportion. */
export const ONE_PROCESSOR = Size.mebibytes(1769);
const MOST_MEMORY = 10_240;

/** Number of processors of Lambda's largest function. */
export const MOST_PROCESSORS = 6;

/** A function's properties with defaults, where several parts need them. Numbers may be tokens. */
export interface FunctionSettings {
  readonly modelName: string;
  readonly pythonRuntime: lambda.Runtime;
  readonly architecture: lambda.Architecture;
  readonly bundling: PythonBundling;
  readonly memoryMebibytes: number;
  readonly threads: number;
  readonly timeout: Duration;
  readonly embeddedMetrics: boolean;
  /** Undefined if it is chosen when the model is known. */
  readonly liteRtRuntime?: LiteRtRuntime;
}

export function functionSettings(id: string, props: ModelFunctionProps): FunctionSettings {
  const memorySize: Size = props.memorySize ?? ONE_PROCESSOR;
  return {
    modelName: props.modelName ?? defaultModelName(id),
    pythonRuntime: props.pythonRuntime ?? lambda.Runtime.PYTHON_3_13,
    architecture: props.architecture ?? lambda.Architecture.X86_64,
    bundling: props.bundling ?? PythonBundling.AUTO,
    memoryMebibytes: mebibytesOf(memorySize),
    threads: props.threads ?? threadsFor(memorySize),
    timeout: props.timeout ?? Duration.seconds(30),
    embeddedMetrics: props.embeddedMetrics ?? true,
    liteRtRuntime: props.liteRtRuntime ?? (props.explorer ? LiteRtRuntime.NATIVE : undefined),
  };
}

/** Returns the function's requirements for its model. */
export function functionModel(props: ModelFunctionProps, { modelName, architecture }: FunctionSettings): ArtifactForProps {
  return { ...props, modelName, format: ModelFormat.LITERT, architecture };
}

export function mebibytesOf(memorySize: Size): number {
  return memorySize.isUnresolved() ? memorySize.toMebibytes() : memorySize.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
}

/** Lambda gives a function of less than two processors' memory no more than two. */
export function warnOfIdleThreads(scope: Construct, { threads, memorySize = ONE_PROCESSOR }: Pick<ModelFunctionProps, 'threads' | 'memorySize'>): void {
  const processors = threadsFor(memorySize) + 1;
  if (threads !== undefined && !Token.isUnresolved(threads) && !memorySize.isUnresolved() && threads > processors) {
    Validations.of(scope).addWarning('cdk-tensorflow:IdleThreads', `threads is ${threads}, and memorySize of ${mebibytesOf(memorySize)} MiB provides at most ${processors} processors, so that `
      + `further threads only wait: give memorySize: Size.mebibytes(${Math.min(threads * ONE_PROCESSOR.toMebibytes(), MOST_MEMORY)}) or more, or leave threads out`);
  }
}

/** One thread for each full processor: further threads would only wait. */
export function threadsFor(memorySize: Size): number {
  return memorySize.isUnresolved() ? 1 : Math.max(1, Math.floor(mebibytesOf(memorySize) / ONE_PROCESSOR.toMebibytes()));
}
