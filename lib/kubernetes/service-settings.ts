import type { Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Token, Tokenization } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ModelFormat } from '../model/published-model';
import { defaultModelName } from '../optimization/model-name';
import { ModelServer } from '../serving/model-server';
import type { ServingSettings } from '../serving/serving-settings';
import { servingSettings } from '../serving/serving-settings';
import { processorFeatures } from './bfloat16';
import type { CanarySettings } from './canary';
import { canarySettings } from './canary';
import type { ObjectIdentity } from './kubernetes-object';
import type { ModelServiceProps } from './model-service-props';
import type { RolloutPlan } from './rollout-plan';
import { fewestPods, rolloutPlan } from './rollout-plan';
import type { ScalingOptions } from './scaling-manifests';

/** Names of a service's objects and model. */
export interface ServiceNames {
  readonly modelName: string;
  readonly identity: ObjectIdentity;
}

/** A service's properties with defaults, where more than one module needs them. Numbers may be tokens. */
export interface ServiceSettings extends ServiceNames {
  readonly architecture: lambda.Architecture;
  readonly serving: ServingSettings;
  readonly plan: RolloutPlan;
  readonly scaling: ScalingOptions;
  /** Undefined without a canary. */
  readonly canary?: CanarySettings;
  /** Memory limit of a pod, or its request. */
  readonly memoryMebibytes?: number;
  readonly cpuFeatures: string[];
  readonly applied: boolean;
}

/** Returns a service's names; usable before the other properties are checked. */
export function serviceNames(id: string, props: ModelServiceProps): ServiceNames {
  const modelName = props.modelName ?? defaultModelName(id);
  return { modelName, identity: { name: props.serviceName ?? objectName(modelName), namespace: props.namespaceName ?? 'default' } };
}

/** Derives a name that Kubernetes allows from a model's. Two models whose names come out alike collide, which applying the second one tells. */
function objectName(modelName: string): string {
  if (Token.isUnresolved(modelName)) {
    return modelName;
  }
  const name = modelName.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return /^[a-z]/.test(name) ? name : `model-${name}`.replace(/-+$/, '');
}

/** Returns the format of the models that a service's server serves. */
export function formatOf({ server }: ModelServiceProps): ModelFormat {
  return server === ModelServer.LITERT ? ModelFormat.LITERT : ModelFormat.SAVED_MODEL;
}

/** Returns the processor of a service's pods. */
export function architectureOf({ architecture }: ModelServiceProps): lambda.Architecture {
  return architecture ?? lambda.Architecture.X86_64;
}

/** Returns Kubernetes' name of a processor. */
export function kubernetesName(architecture: lambda.Architecture): string {
  return architecture.name === lambda.Architecture.ARM_64.name ? 'arm64' : 'amd64';
}

/** Fills in the defaults of checked properties. */
export function serviceSettings(names: ServiceNames, props: ModelServiceProps): ServiceSettings {
  const minReplicas = fewestPods(props);
  return {
    ...names,
    architecture: architectureOf(props),
    serving: servingSettings(props),
    plan: rolloutPlan(props),
    scaling: { minReplicas, maxReplicas: props.maxReplicas ?? minReplicas, targetCpuUtilization: props.targetCpuUtilization ?? 60 },
    canary: canarySettings(props),
    memoryMebibytes: mebibytes(props.memoryLimit ?? props.memoryRequest),
    cpuFeatures: processorFeatures(props.cpuFeatures ?? [], props.recipe),
    applied: props.applyManifests !== false,
  };
}

/** Formats an amount of memory for Kubernetes. */
export function memoryQuantity(size: Size | undefined): string | undefined {
  return size && `${Tokenization.stringifyNumber(mebibytes(size)!)}Mi`;
}

function mebibytes(size: Size | undefined): number | undefined {
  return size && (size.isUnresolved() ? size.toMebibytes() : size.toMebibytes({ rounding: SizeRoundingBehavior.FLOOR }));
}
