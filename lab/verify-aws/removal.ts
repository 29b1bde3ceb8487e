import type { Account } from './account';
import type { Checks } from './checks';

/** Destroys a stack, and deletes the buckets and layers that it retained. */
export async function removeStack(account: Account, checks: Checks, stack: string): Promise<void> {
  const { buckets, layerVersions } = await account.made(stack).catch((error: unknown) => {
    checks.expect('what the stack made is known, so that what it retains can be removed', false, describe(error));
    return { buckets: [], layerVersions: [] };
  });
  const manifest = await Promise.resolve().then(() => account.outputs(stack)).catch(() => undefined);
  const { code, output } = await account.destroy(stack);
  const gone = code === 0 && (await account.status(stack)) === undefined;
  if (!checks.expect('cdk destroy leaves no stack', gone, code === 0 ? '' : output.slice(-1000))) {
    checks.expect('what it retained is removed', false, [...buckets, ...layerVersions].join(', '));
    return;
  }
  if (manifest?.ManifestKey) {
    checks.expect('and keeps the published models', await account.exists(manifest.ArtifactBucket, manifest.ManifestKey), manifest.ArtifactBucket);
  }
  const left: string[] = [];
  const remove = (name: string, removal: Promise<void>) => removal.catch((error: unknown) => left.push(`${name}: ${describe(error)}`));
  await Promise.all([
    ...buckets.map((bucket) => remove(bucket, account.removeBucket(bucket))),
    ...layerVersions.map((arn) => remove(arn, account.removeLayerVersion(arn))),
  ]);
  checks.expect('what it retained is removed', left.length === 0, left.length > 0 ? left.join('; ') : [...buckets, ...layerVersions].join(', '));
}

/** Returns the message of an error, or what was thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
