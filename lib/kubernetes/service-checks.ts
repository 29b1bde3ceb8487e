import type { Size } from 'aws-cdk-lib';
import { SizeRoundingBehavior, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { CAPTURE, checkServerCapture, checkServerReplay } from '../endpoint/capture-checks';
import { ROLLOUT } from '../endpoint/rollout-checks';
import { OPTIMIZATION_TYPES } from '../optimization/optimization-checks';
import type { PropertyTypes } from '../private/property-types';
import { ARCHITECTURE, DURATION, quoted, ROLE, SIZE } from '../private/property-types';
import { checkExclusive, checkInteger, checkPattern, checkRange } from '../private/validation';
import { checkLiteRtOptions, threadProblems } from '../serving/litert-checks';
import { checkLiteRtServer } from '../serving/litert-server';
import { ModelServer } from '../serving/model-server';
import { checkServingOptions, SERVING_TYPES } from '../serving/serving-checks';
import { BFLOAT16 } from './bfloat16';
import { canaryProblems } from './canary';
import { clusterVersionProblems } from './cluster-version';
import type { ModelServiceProps } from './model-service-props';
import { ModelStorage } from './model-service-props';
import { podProblems } from './pod-checks';
import { rolloutProblems } from './rollout-plan';
import { architectureOf } from './service-settings';

/** Derived names contain the service's name and may have at most 63 characters. */
const LONGEST_NAME = 50;
const MOST_REPLICAS = 1000;
const MOST_STRIPPED = 4;
const OWN_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const NO_TLS = 'the health checks of pods and the clients in the cluster speak without encryption, so that no pod would ever serve: encrypt in front of the service, '
  + 'with a load balancer or a service mesh of your own';

/** Flags that do not work in pods. */
const IMPOSSIBLE_FLAGS: Record<string, string> = { ssl_config_file: NO_TLS, use_alts_credentials: NO_TLS };

/** Flags that name a file, which could only come from the image. */
const FILE_FLAGS = ['platform_config_file', 'tensorflow_session_config_file', 'thread_pool_factory_config_file'];

/** The types of a service's properties. */
export const SERVICE_TYPES: PropertyTypes<ModelServiceProps> = {
  ...OPTIMIZATION_TYPES,
  ...SERVING_TYPES,
  cluster: { member: 'clusterName', description: 'an ICluster', example: () => "eks.Cluster.fromClusterAttributes(this, 'Cluster', { … })" },
  capture: CAPTURE,
  architecture: ARCHITECTURE,
  servingImage: { member: '_locate', description: 'a ServingImage', example: (given) => `ServingImage.fromRegistry(${quoted(given)})` },
  memoryRequest: SIZE,
  memoryLimit: SIZE,
  startupTimeout: DURATION,
  minReadyTime: DURATION,
  rollout: ROLLOUT,
  rolloutTimeout: DURATION,
  drainTime: DURATION,
  role: ROLE,
};

/** Returns all problems in a service's properties, except those of the model and its optimization. */
export function checkServiceProps(props: ModelServiceProps, names: { modelName: string; serviceName: string }): string[] {
  return [
    ...isLiteRt(props) ? liteRtProblems(props) : tensorFlowServingProblems(props),
    ...checkServerCapture(props, isLiteRt(props)),
    ...checkServerReplay(props, isLiteRt(props)),
    ...nameProblems(props, names),
    ...clusterProblems(props),
    ...clusterVersionProblems(props.cluster),
    ...replicaProblems(props),
    ...resourceProblems(props),
    ...sizeProblems(props),
    ...rolloutProblems(props),
    ...canaryProblems(props),
    ...uselessProblems(props),
    ...checkInteger('runAsUser', props.runAsUser, 1, 2 ** 31 - 1, 'no container runs as root'),
    ...(props.cpuFeatures ?? []).flatMap((feature) => checkPattern('cpuFeatures', feature, /^[a-z0-9_]+$/, 'names of /proc/cpuinfo, such as avx512_bf16')),
    ...podProblems(props),
    ...Object.keys(props.environment ?? {}).flatMap((name) => checkPattern('environment', name, /^[A-Za-z_]\w*$/, 'names of letters, digits and underscores')),
  ];
}

function isLiteRt({ server }: ModelServiceProps): boolean {
  return server === ModelServer.LITERT;
}

function tensorFlowServingProblems(props: ModelServiceProps): string[] {
  return [
    ...checkServingOptions(props),
    ...props.servingImage?._problems() ?? [],
    ...flagProblems(props),
    ...props.baseImage === undefined ? [] : ['baseImage has no effect on TensorFlow Serving, which runs in its own image: use servingImage, or set server to ModelServer.LITERT'],
    ...architectureOf(props).name === lambda.Architecture.X86_64.name ? [] : [
      `architecture must be x86_64 for TensorFlow Serving, of which no build for other processors exists, got ${architectureOf(props).name}: `
      + 'set server to ModelServer.LITERT, or leave architecture out',
    ],
  ];
}

function liteRtProblems(props: ModelServiceProps): string[] {
  return [
    ...checkLiteRtOptions(props),
    ...threadProblems(props, props.cpuLimit),
    ...checkLiteRtServer(architectureOf(props)),
    ...props.servingImage === undefined ? [] : ['servingImage is TensorFlow Serving\'s, and ModelServer.LITERT brings its program along: leave it out, or give the image '
      + 'that the program runs in with baseImage'],
    ...imageProblems('baseImage', props.baseImage),
    ...(props.cpuFeatures ?? []).includes(BFLOAT16) ? [`cpuFeatures must not have ${BFLOAT16} with ModelServer.LITERT, which does not compute with it: leave it out`] : [],
  ];
}

function imageProblems(name: string, image: string | undefined): string[] {
  return image === undefined || Token.isUnresolved(image) || /(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$/.test(image)
    ? []
    : [`${name} must have a tag that is not latest, or a digest, got ${JSON.stringify(image)}`];
}

function nameProblems(props: ModelServiceProps, { serviceName }: { serviceName: string }): string[] {
  const problems: string[] = [];
  if (!Token.isUnresolved(serviceName) && (serviceName.length > LONGEST_NAME || !/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(serviceName))) {
    const given = props.serviceName === undefined ? ', which the model\'s name gives: give serviceName' : '';
    problems.push(`serviceName must be at most ${LONGEST_NAME} lower-case letters, digits and hyphens, with a letter first and no hyphen last, `
      + `got ${JSON.stringify(serviceName)}${given}`);
  }
  problems.push(...checkPattern('namespaceName', props.namespaceName, /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    'at most 63 lower-case letters, digits and hyphens, with a letter or digit at both ends'));
  if (props.createNamespace && OWN_NAMESPACES.includes(props.namespaceName ?? 'default')) {
    problems.push(`createNamespace needs a namespace that the cluster does not have, got ${JSON.stringify(props.namespaceName ?? 'default')}: give namespaceName`);
  }
  return problems;
}

function clusterProblems({ cluster, applyManifests }: ModelServiceProps): string[] {
  if (applyManifests === false || cluster.kubectlProvider !== undefined || cluster.kubectlProviderOptions !== undefined) {
    return [];
  }
  if ('awsAuth' in cluster) {
    return [
      `the cluster ${JSON.stringify(cluster.node.path)} is one of aws-cdk-lib/aws-eks, whose kubectl function is not found here: import it by `
      + 'eks.Cluster.fromClusterAttributes(this, …, { clusterName: cluster.clusterName, kubectlProvider }) of aws-cdk-lib/aws-eks-v2, with a KubectlProvider of that module '
      + '(docs/porting.md), or set applyManifests to false and apply the objects yourself',
    ];
  }
  return [
    `the cluster ${JSON.stringify(cluster.node.path)} has no kubectl provider, so nothing can be applied to it: give the Cluster kubectlProviderOptions `
    + '(an imported one kubectlProvider), or set applyManifests to false and apply the objects yourself',
  ];
}

function replicaProblems(props: ModelServiceProps): string[] {
  const { minReplicas = 3, maxReplicas } = props;
  const scaling = { minReplicas: props.minReplicas, targetCpuUtilization: props.targetCpuUtilization };
  const problems = [
    ...checkInteger('replicas', props.replicas, 1, MOST_REPLICAS),
    ...checkInteger('minReplicas', props.minReplicas, 1, MOST_REPLICAS),
    ...checkInteger('maxReplicas', maxReplicas, 1, MOST_REPLICAS),
    ...checkInteger('targetCpuUtilization', props.targetCpuUtilization, 1, 100, 'it is a share of the processors asked for, in percent'),
    ...checkExclusive({ replicas: props.replicas, maxReplicas }, 'an autoscaler decides the number of pods between minReplicas and maxReplicas'),
  ];
  if (maxReplicas === undefined) {
    problems.push(...Object.entries(scaling).filter(([, value]) => value !== undefined)
      .map(([name]) => `${name} has no effect without maxReplicas: give maxReplicas, or a fixed number with replicas`));
  } else if (!Token.isUnresolved(minReplicas) && !Token.isUnresolved(maxReplicas) && minReplicas > maxReplicas) {
    problems.push(`minReplicas must not be above maxReplicas, got ${minReplicas}${props.minReplicas === undefined ? ' (the default)' : ''} and ${maxReplicas}`);
  }
  return problems;
}

function resourceProblems(props: ModelServiceProps): string[] {
  const { cpuRequest = 1, cpuLimit, memoryRequest, memoryLimit } = props;
  const leastMemory = isLiteRt(props) ? 24 : 64;
  const problems = [
    ...Object.entries({ cpuRequest, cpuLimit }).filter(([, value]) => Token.isUnresolved(value))
      .map(([name]) => `${name} must be known when the app is synthesized, because numbers of threads follow from it, and got a token: give a number`),
    ...checkRange('cpuRequest', props.cpuRequest, 0.01, 1000),
    ...checkRange('cpuLimit', cpuLimit, 0.01, 1000),
    ...checkRange('memoryRequest in MiB', mebibytes(memoryRequest), leastMemory, 10_000_000, 'the server alone needs more'),
    ...checkRange('memoryLimit in MiB', mebibytes(memoryLimit), leastMemory, 10_000_000, 'the server alone needs more'),
  ];
  if (cpuLimit !== undefined && cpuRequest > cpuLimit && problems.length === 0) {
    problems.push(`cpuRequest must not be above cpuLimit, got ${cpuRequest}${props.cpuRequest === undefined ? ' (the default)' : ''} and ${cpuLimit}`);
  }
  const [asked, most] = [mebibytes(memoryRequest), mebibytes(memoryLimit)];
  if (asked !== undefined && most !== undefined && asked > most) {
    problems.push(`memoryRequest must not be above memoryLimit, got ${asked} and ${most} MiB`);
  }
  return problems;
}

/** Rejects memory too small even for a fully stripped model (at most 3.5 times smaller). Measured memory is compared during deployment. */
function sizeProblems(props: ModelServiceProps): string[] {
  const { model, recipe, memoryRequest, memoryLimit } = props;
  const memory = mebibytes(memoryLimit ?? memoryRequest);
  const bytes = model._original?.sizeBytes;
  if (isLiteRt(props) || recipe !== undefined || memory === undefined || bytes === undefined || bytes / MOST_STRIPPED <= memory * 2 ** 20) {
    return [];
  }
  const name = memoryLimit ? 'memoryLimit' : 'memoryRequest';
  return [`${name} of ${memory} MiB cannot hold the model, which has ${Math.ceil(bytes / 2 ** 20)} MiB: give more, or leave it out to have it measured`];
}

function uselessProblems(props: ModelServiceProps): string[] {
  const problems: string[] = [];
  if (props.copyImage !== undefined && props.modelStorage === ModelStorage.MOUNTPOINT && !isLiteRt(props)) {
    problems.push('copyImage has no effect where the model is mounted: leave it out, or set modelStorage to ModelStorage.COPY');
  }
  problems.push(...imageProblems('copyImage', props.copyImage));
  for (const name of ['loadBalancerClass', 'loadBalancerSourceRanges'] as const) {
    if (props[name] !== undefined && !props.internalLoadBalancer) {
      problems.push(`${name} has no effect without internalLoadBalancer: set internalLoadBalancer to true`);
    }
  }
  problems.push(...(props.loadBalancerSourceRanges ?? [])
    .flatMap((range) => checkPattern('loadBalancerSourceRanges', range, /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'CIDR blocks such as 10.0.0.0/16')));
  if (props.loadBalancerSourceRanges?.length === 0) {
    problems.push('loadBalancerSourceRanges must name at least one CIDR block, because an empty list lets everybody in: leave internalLoadBalancer out for no clients');
  }
  if (props.applyManifests === false) {
    const { rolloutTimeout, removalPolicy, adoptExisting } = props;
    problems.push(...Object.entries({
      rolloutTimeout: rolloutTimeout && 'whatever applies the objects waits for them',
      removalPolicy: removalPolicy && 'whatever applies the objects removes them',
      adoptExisting: adoptExisting && 'whatever applies the objects takes over what is there',
    }).filter(([, why]) => why).map(([name, why]) => `${name} has no effect without applyManifests: ${why}`));
  }
  return problems;
}

function flagProblems({ serverFlags = {}, servingImage }: ModelServiceProps): string[] {
  const given = (flag: string) => !['', 'false'].includes(String(serverFlags[flag] ?? ''));
  return [
    ...Object.entries(IMPOSSIBLE_FLAGS).filter(([flag]) => given(flag)).map(([flag, why]) => `serverFlags[${JSON.stringify(flag)}] must not be set: ${why}`),
    ...FILE_FLAGS.filter((flag) => servingImage === undefined && given(flag)).map((flag) => `serverFlags[${JSON.stringify(flag)}] names a file that the default image does `
      + `not have, got ${JSON.stringify(serverFlags[flag])}: give servingImage an image with that file, such as ServingImage.fromAsset(…)`),
  ];
}

function mebibytes(size: Size | undefined): number | undefined {
  return size === undefined || size.isUnresolved() ? undefined : size.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
}
