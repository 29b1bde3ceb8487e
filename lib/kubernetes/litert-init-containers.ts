import type { LiteRtServer } from '../serving/litert-server';
import type { StoredBinary } from '../serving/stored-binary';
import { awsVariables, CHECK_FEATURES, CHECK_VERSION, featurePatterns, TERMINATION_MESSAGE } from './init-containers';
import { containerSecurity } from './kubernetes-object';
import type { ModelPrefix } from './storage-manifests';

/** Options of the init containers of a pod with the LiteRT server. */
export interface LiteRtInitOptions {
  readonly image: string;
  readonly copyImage: string;
  readonly model: ModelPrefix;
  /** The model is mounted if defined. */
  readonly claimName?: string;
  readonly server: LiteRtServer;
  /** Directory of the version in the pod. */
  readonly directory: string;
  readonly version: string;
  /** SHA-256 of the version's SHA256SUMS file, passed through CloudFormation. */
  readonly checksumsSha256: string;
  readonly modelMount: { readonly name: string; readonly mountPath: string };
  readonly serverMount: { readonly name: string; readonly mountPath: string };
  readonly readOnlyRootFilesystem: boolean;
  /** Names from /proc/cpuinfo. */
  readonly cpuFeatures: string[];
}

const COPY_SERVER = [
  'set -eu',
  'aws s3 cp --only-show-errors "$PROGRAM" "$SERVER_DIRECTORY/model_server"',
  'aws s3 cp --only-show-errors "$LIBRARY" "$SERVER_DIRECTORY/libLiteRt.so"',
  'chmod 0555 "$SERVER_DIRECTORY/model_server"',
];

/** The layer is the same model once more, for Lambda. */
const COPY_MODEL = 'aws s3 cp --recursive --only-show-errors --exclude layer.zip "$VERSION" "$VERSION_DIRECTORY/"';

/** Checks program and library against the digests from the stack, and the model's files as for TensorFlow Serving. */
const VERIFY = [
  'set -eu',
  CHECK_FEATURES,
  'echo "$PROGRAM_SHA256  $SERVER_DIRECTORY/model_server" | sha256sum --check --strict --quiet -',
  'echo "$LIBRARY_SHA256  $SERVER_DIRECTORY/libLiteRt.so" | sha256sum --check --strict --quiet -',
  ...CHECK_VERSION,
].join('\n');

/** Returns the container that copies the server from S3, and the version unless it is mounted. */
export function copyServerContainer(options: LiteRtInitOptions): Record<string, unknown> {
  const { model, server, serverMount, modelMount, version, directory } = options;
  const copied = options.claimName === undefined;
  return {
    name: 'copy-files',
    image: options.copyImage,
    command: ['/bin/sh', '-c', [...COPY_SERVER, ...copied ? [COPY_MODEL] : []].join('\n')],
    env: [
      { name: 'PROGRAM', value: address(server.program) },
      { name: 'LIBRARY', value: address(server.library) },
      { name: 'SERVER_DIRECTORY', value: serverMount.mountPath },
      ...copied ? [{ name: 'VERSION', value: `s3://${model.bucketName}/${model.prefix}${version}/` }, { name: 'VERSION_DIRECTORY', value: directory }] : [],
      ...awsVariables(model.region),
    ],
    ...TERMINATION_MESSAGE,
    resources: { requests: { cpu: '100m', memory: '128Mi' } },
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [serverMount, ...copied ? [modelMount] : [], { name: 'tmp', mountPath: '/tmp' }],
  };
}

/** Returns the container that checks the server's and the model's files, and the node's processor features. */
export function verifyServerContainer(options: LiteRtInitOptions): Record<string, unknown> {
  const { server, serverMount, modelMount } = options;
  return {
    name: 'verify-files',
    image: options.image,
    command: ['/bin/sh', '-c', VERIFY],
    env: [
      { name: 'SERVER_DIRECTORY', value: serverMount.mountPath },
      { name: 'PROGRAM_SHA256', value: server.program.sha256 },
      { name: 'LIBRARY_SHA256', value: server.library.sha256 },
      { name: 'VERSION_DIRECTORY', value: options.directory },
      { name: 'CHECKSUMS_SHA256', value: options.checksumsSha256 },
      { name: 'CPU_FEATURES', value: featurePatterns(options.cpuFeatures) },
    ],
    ...TERMINATION_MESSAGE,
    resources: { requests: { cpu: '100m', memory: '32Mi' } },
    securityContext: containerSecurity(options.readOnlyRootFilesystem),
    volumeMounts: [{ ...serverMount, readOnly: true }, { ...modelMount, readOnly: true }],
  };
}

function address({ bucket, key }: StoredBinary): string {
  return `s3://${bucket.bucketName}/${key}`;
}
