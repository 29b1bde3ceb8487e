import { Token } from 'aws-cdk-lib';
import { checkPattern } from '../private/validation';
import { ModelServer } from '../serving/model-server';
import type { ModelServiceProps } from './model-service-props';
import { architectureOf, kubernetesName } from './service-settings';

/** Pod spec fields that are set by a property or required by the library. */
const OWN_POD_FIELDS: Record<string, string> = {
  containers: 'use the properties, servingImage for a TensorFlow Serving of your own, and extraContainers for others',
  initContainers: 'they check the model that is served',
  volumes: 'they hold the model and its configuration: use extraVolumes for others',
  serviceAccountName: 'it has the right to read the model',
  nodeSelector: 'use nodeSelector',
  terminationGracePeriodSeconds: 'use drainTime',
  topologySpreadConstraints: 'use affinity where the spread over zones is not enough',
};

/** Labels and annotations that the library sets. */
const OWN_METADATA = /^(cdk-tensorflow\/|app\.kubernetes\.io\/(name|instance|component|managed-by)$)/;
const OWN_CONTAINERS = ['tensorflow-serving', 'verify-model', 'copy-model', 'model-server', 'verify-files', 'copy-files'];
const OWN_VOLUMES = ['model', 'config', 'server', 'certificate', 'tmp'];

const LABEL_NAME = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^$|^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/** Returns all problems in the user's additions to the pods. */
export function podProblems(props: ModelServiceProps): string[] {
  return [
    ...labelProblems('nodeSelector', props.nodeSelector),
    ...nodeProblems(props),
    ...labelProblems('podLabels', props.podLabels),
    ...ownProblems('podLabels', props.podLabels),
    ...Object.keys(props.podAnnotations ?? {}).flatMap((name) => checkPattern('podAnnotations name', name, LABEL_NAME, 'a name such as karpenter.sh/do-not-disrupt')),
    ...ownProblems('podAnnotations', props.podAnnotations),
    ...nameProblems('extraContainers', props.extraContainers, OWN_CONTAINERS),
    ...(props.extraContainers ?? []).filter(({ image }) => image === undefined)
      .map(({ name }) => `extraContainers must have an image each, and ${JSON.stringify(name)} has none: give image`),
    ...nameProblems('extraVolumes', props.extraVolumes, OWN_VOLUMES),
    ...Object.keys(props.podSpec ?? {}).filter((field) => field in OWN_POD_FIELDS).map((field) => `podSpec must not set ${field}: ${OWN_POD_FIELDS[field]}`),
  ];
}

function labelProblems(property: string, labels: { [label: string]: string } = {}): string[] {
  return Object.entries(labels).flatMap(([label, value]) => [
    ...checkPattern(`${property} label`, label, LABEL_NAME, 'a label such as node.kubernetes.io/instance-type'),
    ...checkPattern(`${property}[${JSON.stringify(label)}]`, value, LABEL_VALUE, 'at most 63 letters, digits, dots, hyphens and underscores'),
  ]);
}

function nodeProblems(props: ModelServiceProps): string[] {
  const { nodeSelector: labels = {} } = props;
  const processor = kubernetesName(architectureOf(props));
  const [arch, os] = [labels['kubernetes.io/arch'] ?? processor, labels['kubernetes.io/os'] ?? 'linux'];
  const wayOut = props.server === ModelServer.LITERT ? 'use architecture' : 'no TensorFlow Serving for other processors exists';
  return [
    ...(arch === processor ? [] : [`nodeSelector must keep kubernetes.io/arch ${processor}: ${wayOut}`]),
    ...(os === 'linux' ? [] : ['nodeSelector must keep kubernetes.io/os linux: no server for other systems exists']),
  ];
}

function ownProblems(property: string, given: { [name: string]: string } = {}): string[] {
  return Object.keys(given).filter((name) => OWN_METADATA.test(name))
    .map((name) => `${property} must not set ${JSON.stringify(name)}: the library does; use a name of your own`);
}

function nameProblems(property: string, given: { [field: string]: unknown }[] = [], own: string[]): string[] {
  const names = given.map(({ name }) => name);
  return names.flatMap((name, index) => {
    if (Token.isUnresolved(name)) {
      return [];
    }
    if (typeof name !== 'string' || !/^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
      return [`${property} must have a name each, of at most 63 lower-case letters, digits and hyphens, got ${JSON.stringify(name)}`];
    }
    const why = own.includes(name) ? 'the library has one of that name' : 'another one has that name';
    return own.includes(name) || names.indexOf(name) < index ? [`${property} must not name one ${JSON.stringify(name)}: ${why}; give another name`] : [];
  });
}
