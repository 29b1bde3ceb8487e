import type { Construct } from 'constructs';
import type { CaptureStream } from '../endpoint/capture-stream';
import { deployTimeDigest, stableDigest } from '../endpoint/digests';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import type { LiteRtServer } from '../serving/litert-server';
import { DEFAULT_SERVING_IMAGE, ServingImage } from '../serving/serving-image';
import { ROLLOUT_LABEL } from './deployment-waits';
import { liteRtPod } from './litert-pod';
import type { ModelServiceProps } from './model-service-props';
import type { PodServer } from './pod-server';
import type { PodTemplate } from './pod-template';
import { podTemplate } from './pod-template';
import type { ServerResources } from './server-container';
import type { ServiceSettings } from './service-settings';
import { kubernetesName, memoryQuantity } from './service-settings';
import type { ModelPrefix } from './storage-manifests';
import { tensorFlowServingPod } from './tensorflow-serving-pod';

const DEFAULT_COPY_IMAGE = 'public.ecr.aws/aws-cli/aws-cli:2.31.0';
/** Amazon Linux 2023's minimal image: the packages glibc, libstdc++, bash and coreutils-single, for both processors. */
const DEFAULT_BASE_IMAGE = 'public.ecr.aws/amazonlinux/amazonlinux:2023.9.20250929.0-minimal';

/** Sources of a pod's files. */
export interface PodFiles {
  readonly model: ModelPrefix;
  /** Claim to mount; if undefined, the model is copied. */
  readonly claimName?: string;
  /** Undefined for TensorFlow Serving. */
  readonly liteRt?: LiteRtServer;
  /** Undefined where nothing is captured. */
  readonly capture?: CaptureStream;
}

export interface ServicePods {
  readonly template: PodTemplate;
  /** Value of `ROLLOUT_LABEL`, unique to this template. */
  readonly rollout: string;
  /** Name of the server's container. */
  readonly container: string;
}

/** Returns a service's pod template, labelled with a digest of its content. */
export function servicePods(
  scope: Construct, props: ModelServiceProps, settings: ServiceSettings, compatibility: ModelCompatibility, files: PodFiles,
): ServicePods {
  const server = podServer(scope, props, settings, compatibility, files);
  const template = podTemplate({
    ...settings,
    server,
    version: compatibility.version,
    claimName: files.claimName,
    user: props.runAsUser ?? 65_532,
    nodeSelector: props.nodeSelector ?? {},
    labels: props.podLabels ?? {},
    annotations: props.podAnnotations ?? {},
    extraContainers: props.extraContainers ?? [],
    extraVolumes: props.extraVolumes ?? [],
    podSpec: props.podSpec ?? {},
  });
  const rollout = `${stableDigest(scope, template)}-${deployTimeDigest(compatibility, 'PodsDigest', template)}-${compatibility.version}`;
  const { metadata } = template;
  return {
    template: { ...template, metadata: { ...metadata, labels: { ...metadata.labels, [ROLLOUT_LABEL]: rollout } } }, rollout, container: server.container.name,
  };
}

function podServer(
  scope: Construct, props: ModelServiceProps, settings: ServiceSettings, compatibility: ModelCompatibility, { model, claimName, liteRt, capture }: PodFiles,
): PodServer {
  const options = {
    ...settings,
    ...settings.plan,
    version: compatibility.version,
    checksumsSha256: compatibility.checksumsSha256,
    model,
    claimName,
    copyImage: props.copyImage ?? DEFAULT_COPY_IMAGE,
    resources: serverResources(props, compatibility),
    environment: props.environment ?? {},
    readOnlyRootFilesystem: props.readOnlyRootFilesystem ?? true,
  };
  return liteRt === undefined
    ? tensorFlowServingPod({ ...options, image: (props.servingImage ?? ServingImage.fromRegistry(DEFAULT_SERVING_IMAGE))._bind(scope) })
    : liteRtPod({ ...options, image: props.baseImage ?? DEFAULT_BASE_IMAGE, server: liteRt, architecture: kubernetesName(settings.architecture),
      capture: capture && { streamArn: capture.streamArn, ...props.capture!._options } });
}

function serverResources(props: ModelServiceProps, compatibility: ModelCompatibility): ServerResources {
  const memoryLimit = memoryQuantity(props.memoryLimit);
  return {
    cpuRequest: props.cpuRequest ?? 1,
    cpuLimit: props.cpuLimit,
    memoryRequest: memoryQuantity(props.memoryRequest) ?? memoryLimit ?? compatibility.memoryRequest,
    memoryLimit,
  };
}
