import type { Golden } from '../../lib/private/documents/golden';
import type { Manifest } from '../../lib/private/documents/manifest';
import { goldenKey, replay } from '../demo/golden';
import type { Server } from '../demo/server';
import type { Account } from './account';
import type { Checks } from './checks';

/** Checks that a server answers the golden requests of a version as published. */
export async function answersGolden(account: Account, checks: Checks, server: Server, bucket: string, manifestKey: string): Promise<void> {
  const golden = JSON.parse(await account.text(bucket, goldenKey(manifestKey))) as Golden;
  const { model } = JSON.parse(await account.text(bucket, manifestKey)) as Manifest;
  const answers = await replay(server, model, golden);
  checks.expect(
    `${answers.requests} golden requests are answered as published`, answers.difference === null,
    `greatest relative difference ${answers.relative.toExponential(1)}, allowed ${golden.relativeTolerance}${answers.difference ? `: ${answers.difference}` : ''}`,
  );
}
