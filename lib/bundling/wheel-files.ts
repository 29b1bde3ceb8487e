import { createHash } from 'crypto';
import { existsSync, readFileSync, statSync } from 'fs';
import { resolve } from 'path';
import { AssetStaging, BundlingOutput, Stack, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { BundlePlan, FileSelection } from './bundle-plan';
import type { PythonBundling } from './python-bundling';
import { bundlingOptions } from './python-code';

/** Files of a Python package that are no Python code. */
export interface WheelFilesOptions {
  readonly selection: FileSelection;
  readonly architecture: lambda.Architecture;
  readonly pythonBundling: PythonBundling;
}

/** Any does: none of these files depends on it. */
const PYTHON_OF_THE_WHEEL = lambda.Runtime.PYTHON_3_13;

/** Options to install and select files of pinned packages. Nothing for a command that bundles nothing. */
export function wheelBundling(scope: Construct, { selection, architecture, pythonBundling }: WheelFilesOptions) {
  const plan: BundlePlan = {
    pythonVersion: PYTHON_OF_THE_WHEEL.name.replace('python', ''),
    architecture,
    outputSuffix: '',
    mountPath: '/opt',
    pinned: true,
    modules: false,
    selection,
  };
  const options = bundlingOptions(scope, plan, PYTHON_OF_THE_WHEEL, pythonBundling);
  return options && {
    image: options.image!,
    command: ['python', '-m', 'pip', 'install', '--requirement', `${AssetStaging.BUNDLING_INPUT_DIR}/requirements.txt`, '--target', AssetStaging.BUNDLING_OUTPUT_DIR],
    environment: options.environment,
    network: options.network,
  };
}

/** One file out of a pinned package, uploaded as it is. */
export interface WheelFileOptions extends Omit<WheelFilesOptions, 'selection'> {
  /** Directory with the requirements, all pinned with hashes. */
  readonly entry: string;
  /** Path as installed. */
  readonly file: string;
}

/** Uploads one file out of a package. Its digest is known only where the app bundles. */
export function wheelFileAsset(scope: Construct, id: string, { entry, file, ...options }: WheelFileOptions): { asset: s3_assets.Asset; sha256?: string } {
  const bundling = wheelBundling(scope, { ...options, selection: { keep: [], move: { [file]: file.split('/').pop()! } } });
  const asset = new s3_assets.Asset(scope, id, { path: entry, bundling: bundling && { ...bundling, outputType: BundlingOutput.SINGLE_FILE } });
  const staged = resolve(Stage.of(scope)!.outdir, asset.assetPath);
  return { asset, sha256: Stack.of(scope).bundlingRequired && existsSync(staged) && statSync(staged).isFile() ? sha256Of(staged) : undefined };
}

/** SHA-256 of a file, in lower-case hexadecimal. */
export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
