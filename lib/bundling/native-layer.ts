import { createHash } from 'crypto';
import { readFileSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { AssetStaging, BundlingOutput, DockerImage, type DockerRunOptions, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import { listFiles } from './bundle-files';
import type { FileSelection } from './bundle-plan';
import { hostPath } from './host-python-image';
import type { PythonBundling } from './python-bundling';
import { programProblems } from './shared-objects';
import { wheelBundling } from './wheel-files';
import { zipFile } from './zip-file';

/** A layer with the program of a custom runtime, and a library from a Python package. */
export interface NativeLayerOptions extends lambda.LayerVersionOptions {
  /** Path of the program, which becomes the layer's `bootstrap`. */
  readonly program: string;

  /** Directory with the requirements, all pinned with hashes. */
  readonly entry: string;

  /** The installed files that the layer keeps. */
  readonly selection: FileSelection;

  readonly runtime: lambda.Runtime;
  readonly architecture: lambda.Architecture;
  readonly pythonBundling: PythonBundling;
}

/** Increase when the same program and packages result in another archive than before. */
const BEHAVIOR_VERSION = 1;

const ARCHIVE = 'layer.zip';
const BOOTSTRAP = 'bootstrap';
const EXECUTABLE = 0o755;
const READABLE = 0o644;

/**
 * Creates the layer from a ZIP archive written here: Lambda needs the executable bit of `bootstrap`, which not every host's file system has.
 *
 * @throws if the program cannot run on the architecture.
 */
export function nativeLayer(scope: Construct, id: string, options: NativeLayerOptions): lambda.LayerVersion {
  const { program, entry, selection, runtime, architecture, pythonBundling, ...props } = options;
  return new lambda.LayerVersion(scope, id, {
    ...props,
    compatibleRuntimes: [runtime],
    compatibleArchitectures: [architecture],
    code: lambda.Code.fromAsset(entry, { bundling: archiveBundling(scope, { program, selection, architecture, pythonBundling }) }),
  });
}

function archiveBundling(scope: Construct, options: Pick<NativeLayerOptions, 'program' | 'selection' | 'architecture' | 'pythonBundling'>) {
  // `cdk ls` and `cdk destroy` bundle nothing, so do not require tools or the program.
  if (!Stack.of(scope).bundlingRequired) {
    return undefined;
  }
  failIfAny(lit`NativeProgramCannotRun`, programProblems(options.program, options.architecture), scope);
  const bundling = wheelBundling(scope, options)!;
  return { ...bundling, image: new ArchivingImage(bundling.image, options.program), outputType: BundlingOutput.ARCHIVED };
}

/** Installs with another image, then adds the program and replaces everything by an archive. */
class ArchivingImage extends DockerImage {
  constructor(private readonly inner: DockerImage, private readonly program: string) {
    // The archive's own bytes depend on the zlib of Node.js, so they are not in the hash.
    super(inner.image, createHash('sha256').update(JSON.stringify([BEHAVIOR_VERSION, inner.toJSON()])).update(readFileSync(program)).digest('hex'));
  }

  public override run(options: DockerRunOptions = {}): void {
    this.inner.run(options);
    const output = hostPath(options, AssetStaging.BUNDLING_OUTPUT_DIR);
    const files = listFiles(output);
    const archive = zipFile([
      { name: BOOTSTRAP, content: readFileSync(this.program), mode: EXECUTABLE },
      ...files.map((name) => ({ name, content: readFileSync(join(output, name)), mode: READABLE })),
    ]);
    [...new Set(files.map((name) => name.split('/')[0]))].forEach((name) => rmSync(join(output, name), { recursive: true }));
    writeFileSync(join(output, ARCHIVE), archive);
  }
}
