import { dirname, join, resolve } from 'path';
import { PythonFunction, PythonLayerVersion, type BundlingOptions } from '@aws-cdk/aws-lambda-python-alpha';
import { DockerImage, FileSystem, IgnoreMode, Stack, Stage, Validations, ValidationError } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct, IConstruct } from 'constructs';
import { lit } from '../private/errors';
import { sizeOf } from './bundle-files';
import { type BundlePlan, type FileSelection, NEVER_BUNDLED } from './bundle-plan';
import { ContainerPythonImage } from './container-python-image';
import { HostPythonImage } from './host-python-image';
import { dockerAnswers, dockerProgram, findInstaller, findPython, type Installer } from './host-tools';
import { containerPipEnvironment } from './install-command';
import type { PythonBundling } from './python-bundling';
import { unzippedBytes } from './zip-file';

const INSTALL = 'install uv (https://docs.astral.sh/uv) or a Python with pip, and have it on the PATH';

/** Options of a function whose code is a directory with index.py, which defines `handler`. */
export interface PythonFunctionOptions extends lambda.FunctionOptions {
  readonly entry: string;
  readonly runtime: lambda.Runtime;
  readonly architecture: lambda.Architecture;
  readonly pythonBundling: PythonBundling;
}

/** Options of a layer from a directory with requirements.txt. */
export interface PythonLayerOptions extends lambda.LayerVersionOptions {
  readonly entry: string;
  readonly runtime: lambda.Runtime;
  readonly architecture: lambda.Architecture;
  readonly pythonBundling: PythonBundling;

  /** The installed files that the layer keeps. */
  readonly selection: FileSelection;

  /** Requires a hash for every requirement. */
  readonly pinned: boolean;
}

/** Returns the version of a Python runtime, e.g. "3.13", or undefined for other runtimes. */
export function pythonVersionOf(runtime: lambda.Runtime): string | undefined {
  return /^python(\d+\.\d+)$/.exec(runtime.name)?.[1];
}

/** Creates a Lambda function from a directory of Python code. */
export function pythonFunction(scope: Construct, id: string, options: PythonFunctionOptions): lambda.Function {
  const { pythonBundling, ...props } = options;
  const plan: BundlePlan = {
    pythonVersion: pythonVersionOf(options.runtime)!,
    architecture: options.architecture,
    outputSuffix: '',
    mountPath: '/var/task',
    pinned: true,
    modules: true,
  };
  return new PythonFunction(scope, id, { ...props, index: 'index.py', handler: 'handler', bundling: codeBundling(scope, options.entry, plan, options.runtime, pythonBundling) });
}

/** Creates a Lambda layer from a directory with requirements.txt. */
export function pythonLayer(scope: Construct, id: string, options: PythonLayerOptions): lambda.LayerVersion {
  const { pythonBundling, entry, runtime, architecture, selection, pinned, ...props } = options;
  const plan: BundlePlan = {
    pythonVersion: pythonVersionOf(runtime)!,
    architecture,
    outputSuffix: 'python',
    mountPath: '/opt',
    pinned,
    modules: true,
    selection,
  };
  return new PythonLayerVersion(scope, id, {
    ...props,
    entry,
    compatibleRuntimes: [runtime],
    compatibleArchitectures: [architecture],
    bundling: codeBundling(scope, entry, plan, runtime, pythonBundling),
  });
}

/** The S3 location of a function's code, as in the template, so it changes whenever the template's code does. */
export function codeAddress(construct: lambda.Function): string {
  return (construct.node.findChild('Code') as Asset).s3ObjectUrl;
}

/** Unzipped size of the code of a function or layer. Undefined for imported or skipped bundles. */
export function bundledBytes(construct: IConstruct): number | undefined {
  const staged = stagedPath(construct);
  if (staged === undefined) {
    return undefined;
  }
  return staged.endsWith('.zip') ? unzippedBytes(staged) : sizeOf(staged);
}

function stagedPath(construct: IConstruct): string | undefined {
  const asset = construct.node.tryFindChild('Code');
  const stage = Stage.of(construct);
  if (!(asset instanceof Asset) || !stage || !Stack.of(construct).bundlingRequired || !asset.isZipArchive) {
    return undefined;
  }
  return resolve(stage.outdir, asset.assetPath);
}

/** Takes the asset's hash of the files that are bundled. The alpha package's own also changes with the caches of pytest, and with a virtual environment. */
function codeBundling(scope: Construct, entry: string, plan: BundlePlan, runtime: lambda.Runtime, choice: PythonBundling): BundlingOptions | undefined {
  const options = bundlingOptions(scope, plan, runtime, choice);
  return options && {
    ...options,
    assetHash: FileSystem.fingerprint(entry, {
      exclude: NEVER_BUNDLED,
      ignoreMode: IgnoreMode.GIT,
      extraHash: JSON.stringify([options.image!.toJSON(), options.environment, options.network]),
    }),
  };
}

/** Chooses between host and container, by the user's choice and the host's tools. Returns no image for commands that do not bundle. */
export function bundlingOptions(scope: Construct, plan: BundlePlan, runtime: lambda.Runtime, choice: PythonBundling): BundlingOptions | undefined {
  // `cdk ls` and `cdk destroy` bundle nothing, so do not require tools.
  if (!Stack.of(scope).bundlingRequired) {
    return undefined;
  }
  const installer = hostInstaller(scope, choice);
  if (installer) {
    const python = plan.modules ? findPython(plan.pythonVersion) : undefined;
    if (plan.modules && !python) {
      warnOfMissingPython(scope, plan.pythonVersion);
    }
    return { outputPathSuffix: plan.outputSuffix, image: new HostPythonImage(plan, installer, python) };
  }
  failWithoutDocker(scope, choice);
  return {
    outputPathSuffix: plan.outputSuffix,
    assetExcludes: [...NEVER_BUNDLED],
    network: choice._docker.network,
    environment: { ...choice._docker.environment, ...containerPipEnvironment(plan) },
    image: new ContainerPythonImage(plan, choice._docker.image ?? defaultContainer(plan, runtime, choice)),
  };
}

/**
 * The host's uv or pip. Undefined where Docker is used instead.
 *
 * @throws if the choice is `LOCAL`, and the host has neither.
 */
export function hostInstaller(scope: Construct, choice: PythonBundling): Installer | undefined {
  const installer = choice._place === 'docker' ? undefined : findInstaller();
  if (!installer && choice._place === 'local') {
    throw new ValidationError(
      lit`NoPythonInstaller`,
      `PythonBundling.LOCAL needs uv or pip on this host, and found neither: ${INSTALL}, or use PythonBundling.docker()`,
      scope,
    );
  }
  return installer;
}

/** The image that the alpha package builds by default. */
function defaultContainer(plan: BundlePlan, runtime: lambda.Runtime, choice: PythonBundling): DockerImage {
  const directory = join(dirname(require.resolve('@aws-cdk/aws-lambda-python-alpha')), 'docker');
  return DockerImage.fromBuild(directory, {
    buildArgs: { ...choice._docker.buildArgs, IMAGE: runtime.bundlingImage.image },
    platform: plan.architecture.dockerPlatform,
    network: choice._docker.network,
  });
}

function failWithoutDocker(scope: Construct, choice: PythonBundling): void {
  if (!dockerAnswers()) {
    const missing = choice._place === 'docker'
      ? `PythonBundling.docker() needs a running Docker, and ${JSON.stringify(`${dockerProgram()} version`)} failed`
      : `bundling Python code needs uv, pip or a running Docker, and found none of them (${JSON.stringify(`${dockerProgram()} version`)} failed)`;
    throw new ValidationError(lit`NoBundlingTool`, `${missing}: ${INSTALL}, or start Docker, or name another program by the environment variable CDK_DOCKER`, scope);
  }
}

function warnOfMissingPython(scope: Construct, version: string): void {
  Validations.of(scope).addWarning(
    'cdk-tensorflow:NoBytecode',
    `Python ${version}, the function's own version, was not found on this host (on the PATH, among pyenv's versions, or by uv python find), `
    + `so the code is bundled without bytecode and cold starts take longer: install it, e.g. by "uv python install ${version}", `
    + 'or use PythonBundling.docker()',
  );
}
