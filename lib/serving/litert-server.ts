import { existsSync } from 'fs';
import { Stack } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { PythonBundling } from '../bundling/python-bundling';
import { programProblems } from '../bundling/shared-objects';
import { sha256Of, wheelFileAsset } from '../bundling/wheel-files';
import { packagePath } from '../private/asset-paths';
import { failIfAny, lit } from '../private/errors';
import type { StoredBinary } from './stored-binary';

/** Stands where nothing is bundled, so nothing is deployed: no file has this digest. */
const UNKNOWN_SHA256 = '0'.repeat(64);

/** Program that a machine or a pod runs to serve a LiteRT model. */
export interface LiteRtServer {
  /** The program `model_server`. */
  readonly program: StoredBinary;
  /** LiteRT's C library, which the program loads. */
  readonly library: StoredBinary;
}

/** Returns the problem of a copy of this library that has no server for a processor. */
export function checkLiteRtServer(architecture: lambda.Architecture): string[] {
  const path = serverProgram(architecture);
  return existsSync(path) ? [] : [
    `there is no LiteRT server for ${architecture.name} (${path} is missing): in a clone, run "npm run native -- build --processor ${architecture.name}"; `
    + 'or serve with ModelServer.TENSORFLOW_SERVING',
  ];
}

/**
 * Uploads the LiteRT server of a processor, once for each stack.
 *
 * Only after `checkLiteRtServer` found no problems.
 */
export function liteRtServer(scope: Construct, architecture: lambda.Architecture): LiteRtServer {
  const stack = Stack.of(scope);
  const id = `LiteRtServer-${architecture.name}`;
  return (stack.node.tryFindChild(id) as LiteRtServerFiles | undefined) ?? new LiteRtServerFiles(stack, id, architecture);
}

class LiteRtServerFiles extends Construct implements LiteRtServer {
  public readonly program: StoredBinary;
  public readonly library: StoredBinary;

  constructor(scope: Construct, id: string, architecture: lambda.Architecture) {
    super(scope, id);
    const path = serverProgram(architecture);
    failIfAny(lit`NativeProgramCannotRun`, programProblems(path, architecture), this);
    const program = new s3_assets.Asset(this, 'Program', { path });
    const { asset: library, sha256 = UNKNOWN_SHA256 } = wheelFileAsset(this, 'Library', {
      entry: packagePath('runtime', 'layer', 'native'),
      file: 'ai_edge_litert/libLiteRt.so',
      architecture,
      pythonBundling: PythonBundling.AUTO,
    });
    this.program = { bucket: program.bucket, key: program.s3ObjectKey, sha256: sha256Of(path) };
    this.library = { bucket: library.bucket, key: library.s3ObjectKey, sha256 };
  }
}

function serverProgram({ name }: lambda.Architecture): string {
  return packagePath('server', 'dist', name, 'model_server');
}
