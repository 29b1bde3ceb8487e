import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { packagePath } from '../private/asset-paths';
import type { ModelFleetProps } from './model-fleet-props';

/** A program that instances download, because it is too large for user data. */
export interface InstanceProgram {
  readonly file: string;
  readonly asset: s3_assets.Asset;
  readonly sha256: string;
}

/** Returns a program from runtime/instance as an asset. */
export function instanceProgram(scope: Construct, id: string, file: string): InstanceProgram {
  const path = packagePath('runtime', 'instance', 'src', file);
  return { file, asset: new s3_assets.Asset(scope, id, { path }), sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/** Returns the enabled programs that send the server's metrics and log to CloudWatch. */
export function senderPrograms(
  scope: Construct, { embeddedMetrics, serverLogging }: Pick<ModelFleetProps, 'embeddedMetrics' | 'serverLogging'>,
): InstanceProgram[] {
  return [
    ...embeddedMetrics || serverLogging ? [instanceProgram(scope, 'CloudWatchProgram', 'cloudwatch.py')] : [],
    ...embeddedMetrics ? [instanceProgram(scope, 'MetricsProgram', 'metrics.py')] : [],
    ...serverLogging ? [instanceProgram(scope, 'ServerLogProgram', 'server_log.py')] : [],
  ];
}
