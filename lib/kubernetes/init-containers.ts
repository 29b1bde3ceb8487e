import { BFLOAT16, BFLOAT16_FLAGS } from './bfloat16';
import { containerSecurity } from './container-security';
import type { ModelPrefix } from './storage-manifests';

/** Where the version lies, and what it must be. */
export interface VersionFiles {
  /** Directory of this version in the pod. */
  readonly directory: string;
  readonly version: string;
  /** SHA-256 of the version's SHA256SUMS, as it came through CloudFormation. */
  readonly checksumsSha256: string;
}

/** Options of the containers that run before the server. */
export interface InitContainerOptions {
  readonly image: string;
  readonly files: VersionFiles;
  readonly modelMount: Record<string, unknown>;
  readonly readOnlyRootFilesystem: boolean;
  /** Names as /proc/cpuinfo has them, and `bf16`. */
  readonly cpuFeatures: string[];
}

/** What stands in /proc/cpuinfo for a feature that more than one of its names has. */
const ALTERNATIVES: Record<string, string> = { [BFLOAT16]: BFLOAT16_FLAGS.join('|') };

const RESOURCES = { requests: { cpu: '100m', memory: '256Mi' } };

/** First the list of checksums against the digest that the stack was deployed with, then every file against the list. */
const VERIFY = [
  'set -eu',
  'for feature in $CPU_FEATURES; do grep -qwE "$feature" /proc/cpuinfo || { echo "the model needs a processor with $feature" >&2; exit 1; }; done',
  'cd "$VERSION_DIRECTORY"',
  'echo "$CHECKSUMS_SHA256  SHA256SUMS" | sha256sum --check --strict --quiet -',
  'sha256sum --check --strict --quiet SHA256SUMS',
].join('\n');

/** Checks that the files are those that were published, and that this machine can run them. */
export function verifyContainer(options: InitContainerOptions): Record<string, unknown> {
  const { files } = options;
  return {
    name: 'verify-model',
    image: options.image,
    command: ['/bin/sh', '-c', VERIFY],
    env: [
      { name: 'VERSION_DIRECTORY', value: files.directory },
      { name: 'CHECKSUMS_SHA256', value: files.checksumsSha256 },
      { name: 'CPU_FEATURES', value: options.cpuFeatures.map((feature) => ALTERNATIVES[feature] ?? feature).join(' ') },
    ],
    resources: RESOURCES,
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [{ ...options.modelMount, readOnly: true }],
  };
}

/** Copies the version from the bucket into the pod, where no driver can mount it. */
export function copyContainer(options: InitContainerOptions, copyImage: string, model: ModelPrefix): Record<string, unknown> {
  const { files } = options;
  return {
    name: 'copy-model',
    image: copyImage,
    command: ['aws'],
    args: ['s3', 'cp', '--recursive', '--only-show-errors', `s3://${model.bucketName}/${model.prefix}${files.version}/`, `${files.directory}/`],
    // The command line keeps its cache at home, which is read-only.
    env: [{ name: 'AWS_REGION', value: model.region }, { name: 'HOME', value: '/tmp' }],
    resources: RESOURCES,
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [options.modelMount, { name: 'tmp', mountPath: '/tmp' }],
  };
}
