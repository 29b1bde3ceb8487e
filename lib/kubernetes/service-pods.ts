import type { Construct } from 'constructs';
import { deployTimeDigest } from '../endpoint/deploy-time-digest';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { DEFAULT_SERVING_IMAGE, ServingImage } from '../serving/serving-image';
import type { ModelServiceProps } from './model-service-props';
import type { PodTemplate } from './pod-template';
import { podTemplate } from './pod-template';
import { ROLLOUT_LABEL } from './rollout-gate';
import type { ServerResources } from './server-container';
import type { ServiceSettings } from './service-settings';
import { memoryQuantity } from './service-settings';
import { stableDigest } from './stable-digest';
import type { ModelPrefix } from './storage-manifests';

const DEFAULT_COPY_IMAGE = 'public.ecr.aws/aws-cli/aws-cli:2.31.0';

export interface ServicePods {
  readonly template: PodTemplate;
  /** Value of `ROLLOUT_LABEL`, unique to this template. */
  readonly rollout: string;
}

/** Returns a service's pod template, labelled with a digest of its content. */
export function servicePods(
  scope: Construct, props: ModelServiceProps, settings: ServiceSettings, compatibility: ModelCompatibility, model: ModelPrefix, claimName?: string,
): ServicePods {
  const template = podTemplate({
    ...settings,
    ...settings.plan,
    image: (props.servingImage ?? ServingImage.fromRegistry(DEFAULT_SERVING_IMAGE))._bind(scope),
    version: compatibility.version,
    checksumsSha256: compatibility.checksumsSha256,
    model,
    claimName,
    copyImage: props.copyImage ?? DEFAULT_COPY_IMAGE,
    resources: serverResources(props, compatibility),
    environment: props.environment ?? {},
    user: props.runAsUser ?? 65_532,
    readOnlyRootFilesystem: props.readOnlyRootFilesystem ?? true,
    nodeSelector: props.nodeSelector ?? {},
    labels: props.podLabels ?? {},
    annotations: props.podAnnotations ?? {},
    extraContainers: props.extraContainers ?? [],
    extraVolumes: props.extraVolumes ?? [],
    podSpec: props.podSpec ?? {},
  });
  const rollout = `${stableDigest(scope, template)}-${deployTimeDigest(compatibility, 'PodsDigest', template)}-${compatibility.version}`;
  return { template: { ...template, metadata: { ...template.metadata, labels: { ...template.metadata.labels, [ROLLOUT_LABEL]: rollout } } }, rollout };
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
