import { existsSync } from 'fs';
import { join } from 'path';
import { Stack, ValidationError } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { nativeLayer } from '../bundling/native-layer';
import type { PythonBundling } from '../bundling/python-bundling';
import { packagePath } from '../private/asset-paths';
import { lit } from '../private/errors';
import { LITERT_LIBRARY, layerRequirements } from './runtime-layer-contents';
import { LiteRtRuntime } from './runtime-layer-props';

/**
 * The Lambda runtime for the native program.
 *
 * Based on Amazon Linux 2023's minimal container image, which includes libstdc++ and libgcc, so the layer need not contain them.
 * Bundling checks shared objects against their versions.
 *
 * @see https://docs.aws.amazon.com/linux/al2023/ug/minimal-container.html the image that provided.al2023 is based on
 * @see https://docs.aws.amazon.com/linux/al2023/ug/al2023-container-image-types.html its packages
 */
export const NATIVE_RUNTIME = lambda.Runtime.PROVIDED_AL2023;

export interface NativeRuntimeLayerOptions {
  readonly architecture: lambda.Architecture;
  readonly bundling: PythonBundling;
  readonly description: string;
  readonly layerVersionName: string;
}

/** Tells whether the program for this architecture is in the package or the clone. */
export function hasNativeProgram(architecture: lambda.Architecture): boolean {
  return existsSync(nativeProgram(architecture));
}

/** Returns the problem of a copy of this library that has no program for an architecture. */
export function checkNativeProgram(architecture: lambda.Architecture): string[] {
  return hasNativeProgram(architecture) ? [] : [
    `there is no native runtime for ${architecture.name} (${nativeProgram(architecture)} is missing): in a clone, run `
    + `"npm run native -- build --processor ${architecture.name}"; or use LiteRtRuntime.NUMPY`,
  ];
}

/**
 * Creates the layer of the native runtime: `bootstrap` and LiteRT's C library.
 *
 * @throws if there is no program for the architecture.
 */
export function nativeRuntimeLayer(scope: Construct, id: string, options: NativeRuntimeLayerOptions): lambda.LayerVersion {
  const { architecture, bundling, description, layerVersionName } = options;
  const program = nativeProgram(architecture);
  const [missing] = checkNativeProgram(architecture);
  if (Stack.of(scope).bundlingRequired && missing !== undefined) {
    throw new ValidationError(lit`NoNativeProgram`, missing, scope);
  }
  return nativeLayer(scope, id, {
    program,
    entry: layerRequirements(LiteRtRuntime.NATIVE),
    selection: { keep: [], move: { 'ai_edge_litert/libLiteRt.so': LITERT_LIBRARY } },
    runtime: NATIVE_RUNTIME,
    architecture,
    pythonBundling: bundling,
    description,
    layerVersionName,
    license: 'Apache-2.0',
  });
}

function nativeProgram(architecture: lambda.Architecture): string {
  return join(packagePath('server', 'dist', architecture.name), 'bootstrap');
}
