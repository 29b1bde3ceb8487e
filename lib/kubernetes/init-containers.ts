import { BFLOAT16, BFLOAT16_FLAGS } from './bfloat16';
import { containerSecurity } from './kubernetes-object';
import type { ModelPrefix } from './storage-manifests';

/** Location and checksum of a model version. */
export interface VersionFiles {
  /** Directory of this version in the pod. */
  readonly directory: string;
  readonly version: string;
  /** SHA-256 of the version's SHA256SUMS file, passed through CloudFormation. */
  readonly checksumsSha256: string;
}

/** Options of the init containers. */
export interface InitContainerOptions {
  readonly image: string;
  readonly files: VersionFiles;
  readonly modelMount: Record<string, unknown>;
  readonly readOnlyRootFilesystem: boolean;
  /** Names from /proc/cpuinfo, or `bf16`. */
  readonly cpuFeatures: string[];
}

/** Patterns for features that have several names in /proc/cpuinfo. */
const ALTERNATIVES: Record<string, string> = { [BFLOAT16]: BFLOAT16_FLAGS.join('|') };

/** Without a message of its own, a container that fails leaves the end of its log in the pod's status. */
export const TERMINATION_MESSAGE = { terminationMessagePolicy: 'FallbackToLogsOnError' };

/** Formats features for the scripts: a pattern each. */
export function featurePatterns(cpuFeatures: string[]): string {
  return cpuFeatures.map((feature) => ALTERNATIVES[feature] ?? feature).join(' ');
}

const RESOURCES = { requests: { cpu: '100m', memory: '256Mi' } };

/** Checks that the node has the features of CPU_FEATURES. */
export const CHECK_FEATURES = 'for feature in $CPU_FEATURES; do grep -qwE "$feature" /proc/cpuinfo || { echo "the model needs a processor with $feature" >&2; exit 1; }; done';

/** Checks SHA256SUMS against the digest from the stack, then every file against SHA256SUMS. */
export const CHECK_VERSION = [
  'cd "$VERSION_DIRECTORY"',
  'echo "$CHECKSUMS_SHA256  SHA256SUMS" | sha256sum --check --strict --quiet -',
  'sha256sum --check --strict --quiet SHA256SUMS',
];

const VERIFY = ['set -eu', CHECK_FEATURES, ...CHECK_VERSION].join('\n');

/** Returns the container that checks the model's files and the node's processor features. */
export function verifyContainer(options: InitContainerOptions): Record<string, unknown> {
  const { files } = options;
  return {
    name: 'verify-model',
    image: options.image,
    command: ['/bin/sh', '-c', VERIFY],
    env: [
      { name: 'VERSION_DIRECTORY', value: files.directory },
      { name: 'CHECKSUMS_SHA256', value: files.checksumsSha256 },
      { name: 'CPU_FEATURES', value: featurePatterns(options.cpuFeatures) },
    ],
    ...TERMINATION_MESSAGE,
    resources: RESOURCES,
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [{ ...options.modelMount, readOnly: true }],
  };
}

/** Returns the variables of a container with the AWS CLI, which writes its cache to $HOME: that is read-only by default. */
export function awsVariables(region: string): Record<string, string>[] {
  return [{ name: 'AWS_REGION', value: region }, { name: 'HOME', value: '/tmp' }];
}

/** Returns the container that copies the version from S3, for pods without a mounted bucket. */
export function copyContainer(options: InitContainerOptions, copyImage: string, model: ModelPrefix): Record<string, unknown> {
  const { files } = options;
  return {
    name: 'copy-model',
    image: copyImage,
    command: ['aws'],
    args: ['s3', 'cp', '--recursive', '--only-show-errors', `s3://${model.bucketName}/${model.prefix}${files.version}/`, `${files.directory}/`],
    env: awsVariables(model.region),
    ...TERMINATION_MESSAGE,
    resources: RESOURCES,
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [options.modelMount, { name: 'tmp', mountPath: '/tmp' }],
  };
}
