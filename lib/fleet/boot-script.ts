import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { packagePath } from '../private/asset-paths';

/** The program that does the work of an instance's boot: user data has no room for it. */
export function bootScript(scope: Construct): { asset: s3_assets.Asset; sha256: string } {
  const path = packagePath('python', 'instance', 'src', 'boot.py');
  return { asset: new s3_assets.Asset(scope, 'BootScript', { path }), sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/** The source of the program that sends the server's counters to CloudWatch. */
export function metricsProgram(): string {
  return readFileSync(packagePath('python', 'instance', 'src', 'metrics.py'), 'utf8');
}
