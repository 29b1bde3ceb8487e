import type { Duration, Size } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { pythonVersionOf } from '../bundling/python-code';
import { CAPTURE, checkCapture, checkCaptureTypes, checkReplay } from '../endpoint/capture-checks';
import { checkLogGroupClass } from '../endpoint/log-group-checks';
import { checkRolloutAlarms, ROLLOUT } from '../endpoint/rollout-checks';
import { checkArtifactFor } from '../optimization/endpoint-model';
import { OPTIMIZATION_TYPES } from '../optimization/optimization-checks';
import type { PropertyTypes } from '../private/property-types';
import { ARCHITECTURE, checkTypes, DURATION, KEY_REF, LOG_GROUP, PYTHON_RUNTIME, quoted, ROLE, SIZE, VPC } from '../private/property-types';
import { checkRoleStack } from '../private/role-checks';
import { checkExclusive, checkInteger, checkPattern } from '../private/validation';
import { checkLogRetention } from './function-log-group';
import { functionModel, functionSettings, mebibytesOf, MOST_PROCESSORS } from './function-settings';
import type { ModelFunctionProps } from './model-function-props';
import { LiteRtRuntime } from './runtime-layer-props';
import type { PythonRuntimeLayerOptions } from './runtime-layer-props';
import { checkTraffic } from './traffic-checks';

const OLDEST_PYTHON_MINOR = 12;
const MAX_LAYERS = 5;
const OWN_LAYERS = 2;

/** The types of a runtime layer's properties. */
export const LAYER_TYPES: PropertyTypes<PythonRuntimeLayerOptions> = {
  architecture: ARCHITECTURE,
  bundling: { member: '_place', description: 'a PythonBundling', example: () => 'PythonBundling.AUTO' },
  pythonRuntime: PYTHON_RUNTIME,
};

/** The types of a function's properties. */
export const FUNCTION_TYPES: PropertyTypes<ModelFunctionProps> = {
  ...OPTIMIZATION_TYPES,
  ...LAYER_TYPES,
  hook: { member: '_directory', description: 'a ModelHook', example: (given) => `ModelHook.fromAsset(${quoted(given)})` },
  memorySize: SIZE,
  timeout: DURATION,
  ephemeralStorageSize: SIZE,
  rollout: ROLLOUT,
  capture: CAPTURE,
  environmentEncryption: KEY_REF,
  role: ROLE,
  vpc: VPC,
  logGroup: LOG_GROUP,
};

/** Variables that other properties set. */
const OWN_VARIABLES: Record<string, string> = {
  MODEL_NAME: 'use modelName',
  MODEL_HOOK: 'use hook',
  MODEL_THREADS: 'use threads',
  EXPLORER: 'use explorer',
  METRIC_NAMESPACE: 'use embeddedMetrics',
  CAPTURE_RATE: 'use capture',
  CAPTURE_REDACT: 'use capture',
  HANDLER_CODE: 'it says where the function\'s code lies',
  CONFIGURATION_DIGEST: 'it tells versions apart',
};

/**
 * Returns every problem of a function's properties, in the order in which they are reported.
 *
 * Values of another type are reported alone: the other checks, and the defaults, read the values.
 */
export function checkFunctionProps(scope: Construct, id: string, props: ModelFunctionProps): string[] {
  const ofOtherTypes = checkTypes(props, FUNCTION_TYPES, ['model']);
  if (ofOtherTypes.length > 0) {
    return ofOtherTypes;
  }
  const settings = functionSettings(id, props);
  return [
    ...(props.pythonRuntime ? checkPythonRuntime('pythonRuntime', props.pythonRuntime) : []),
    ...checkMemorySize(props.memorySize),
    ...checkTimeout(props.timeout),
    ...checkInteger('threads', props.threads, 1, MOST_PROCESSORS, 'a function has no more processors'),
    ...checkConcurrency(props.reservedConcurrentExecutions),
    ...checkTraffic(props, settings.timeout),
    ...checkEnvironment(props.environment),
    ...checkLayers(props.layers, props.hook !== undefined),
    ...props.hook?._problems ?? [],
    ...checkNative(props),
    ...checkNativeOnly(props),
    ...checkFunctionCapture(props),
    ...checkLogGroupClass(props.logGroup, { capture: props.capture !== undefined, embeddedMetrics: props.embeddedMetrics ?? true }),
    ...checkFunctionReplay(props),
    ...checkExclusive({ logGroup: props.logGroup, logRetention: props.logRetention }, 'set the retention on the log group itself'),
    ...(props.vpc ? [] : ['vpcSubnets', 'securityGroups', 'allowPublicSubnet'] as const)
      .filter((name) => props[name] !== undefined)
      .map((name) => `${name} has no effect without vpc: give the VPC, or leave it out`),
    ...checkRolloutAlarms(scope, props.rollout),
    // The role writes to the log group, which is this stack's.
    ...props.logGroup ? [] : checkRoleStack(scope, 'role', props.role),
    ...checkArtifactFor(scope, 'Optimizer', functionModel(props, settings)),
  ];
}

export function checkPythonRuntime(property: string, runtime: lambda.Runtime): string[] {
  const version = pythonVersionOf(runtime);
  if (version === undefined) {
    return [`${property} must be a Python runtime, got ${JSON.stringify(runtime.name)}`];
  }
  if (Number(version.split('.')[1]) < OLDEST_PYTHON_MINOR) {
    return [
      `${property} must be python3.${OLDEST_PYTHON_MINOR} or newer, got ${JSON.stringify(runtime.name)}: `
      + 'older ones run on Amazon Linux 2, whose C library is too old for LiteRT',
    ];
  }
  return [];
}

function checkMemorySize(memorySize: Size | undefined): string[] {
  return checkInteger('memorySize in MiB', memorySize && mebibytesOf(memorySize), 128, 10_240, 'Lambda offers no other');
}

function checkTimeout(timeout: Duration | undefined): string[] {
  if (!timeout || timeout.isUnresolved()) {
    return [];
  }
  return checkInteger('timeout in seconds', timeout.toSeconds({ integral: false }), 1, 900, 'Lambda runs no longer');
}

function checkConcurrency(executions: number | undefined): string[] {
  if (executions === undefined || Token.isUnresolved(executions) || (Number.isInteger(executions) && executions >= 0)) {
    return [];
  }
  return [`reservedConcurrentExecutions must be a whole number of at least 0, got ${JSON.stringify(executions)}`];
}

function checkEnvironment(environment: { [name: string]: string } = {}): string[] {
  return Object.keys(environment).flatMap((name) => [
    ...(name in OWN_VARIABLES ? [`environment must not set ${name}: ${OWN_VARIABLES[name]}`] : []),
    ...checkPattern('environment variable', name, /^[A-Za-z][A-Za-z0-9_]+$/, 'at least two letters, digits or underscores with a letter first'),
  ]);
}

function checkLayers(layers: lambda.ILayerVersion[] = [], hooked: boolean): string[] {
  const own = OWN_LAYERS + (hooked ? 1 : 0);
  const allowed = MAX_LAYERS - own;
  return layers.length <= allowed
    ? []
    : [`layers must hold at most ${allowed}, got ${layers.length}: Lambda allows ${MAX_LAYERS}, and ${hooked ? 'runtime, model and hook' : 'runtime and model'} `
      + `take ${own}; merge some of them`];
}

/** Rejects what only the native runtime has, where the Python handler serves. */
function checkNativeOnly({ imageInput, explorer, hook, snapStart, liteRtRuntime }: ModelFunctionProps): string[] {
  const python = Object.entries({ hook, snapStart: snapStart || undefined, 'LiteRtRuntime.NUMPY': liteRtRuntime === LiteRtRuntime.NUMPY || undefined })
    .filter(([, value]) => value !== undefined).map(([name]) => name);
  const named = python.join(' and ');
  const problem = (property: string, lacks: string, instead: string) => `${property} needs the native runtime, and ${named} ${python.length === 1 ? 'selects' : 'select'} `
    + `the Python handler, which ${lacks}: leave ${named} out, or leave ${property} out and ${instead}`;
  return python.length === 0 ? [] : [
    ...imageInput ? [problem('imageInput', 'decodes no images', `decode images in ${hook ? 'the hook' : 'a ModelHook'}`)] : [],
    ...explorer ? [problem('explorer', 'serves no page', 'use `npx cdk-tensorflow open`')] : [],
  ];
}

/** Rejects what the native runtime does not support: Python hooks and snapshots. */
function checkNative(props: ModelFunctionProps): string[] {
  if (props.liteRtRuntime !== LiteRtRuntime.NATIVE) {
    return props.explorer && props.pythonRuntime ? ['pythonRuntime has no effect with explorer, which selects the native runtime: leave one of them out'] : [];
  }
  const wayOut = 'leave liteRtRuntime out, or use LiteRtRuntime.NUMPY';
  return [
    ...props.hook ? [`hook is a Python module, and liteRtRuntime native has no Python: ${wayOut}`] : [],
    ...props.snapStart ? [`snapStart is for Python functions, and liteRtRuntime native runs on provided.al2023: ${wayOut}, or leave snapStart out`] : [],
    ...props.pythonRuntime ? ['pythonRuntime has no effect with liteRtRuntime native, which has no Python: leave it out'] : [],
  ];
}

/** Rejects captured requests that the function's log, through which they pass, would keep too long or under another key. */
function checkFunctionCapture(props: ModelFunctionProps): string[] {
  const { capture, logGroup } = props;
  return capture === undefined || checkCaptureTypes(capture).length > 0 ? checkCapture(props) : [
    ...checkCapture(props),
    ...checkLogRetention(props),
    ...checkExclusive({ logGroup, 'capture.encryptionKey': capture._options.encryptionKey }, 'give the key to the log group itself, and a bucket with the key'),
  ];
}

/** Rejects a replay to a new version that takes other requests than the captured ones, or none. */
function checkFunctionReplay(props: ModelFunctionProps): string[] {
  const { replay, hook, reservedConcurrentExecutions } = props;
  return [
    ...checkReplay(props),
    ...replay && hook ? ['replay must not be used with hook: requests are captured as the hook gives them to the model, and the hook takes others; leave replay out'] : [],
    ...replay && reservedConcurrentExecutions === 0
      ? ['replay has no effect with reservedConcurrentExecutions 0: nothing can be asked; leave one of them out'] : [],
  ];
}
