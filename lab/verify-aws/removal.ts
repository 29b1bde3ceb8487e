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
  const status = await account.status(stack);
  const gone = checks.expect('cdk destroy leaves no stack', code === 0 && status === undefined, code === 0 ? '' : output.slice(-1000));
  if (!gone && !(status === 'DELETE_FAILED' && await leaveWhatResists(account, checks, stack))) {
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

/** Resources into which others put their own: deleting them then fails. */
const NETWORK = ['AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::EC2::SecurityGroup'];

/** Deletes the rest of a stack, and names what is left of it. Tells whether the stack is gone. */
async function leaveWhatResists(account: Account, checks: Checks, stack: string): Promise<boolean> {
  const stuck = await account.stuck(stack);
  const gone = (await account.abandon(stack, stuck.map(({ logicalId }) => logicalId))) === undefined;
  const guardDuty = stuck.some(({ type }) => NETWORK.includes(type))
    ? '. GuardDuty Runtime Monitoring adds an endpoint (guardduty-data) and a security group to networks: delete them, then the network' : '';
  checks.expect('what resists is deleted by hand', false, `${stuck.map(({ type, id, reason }) => `${type} ${id} (${reason})`).join('; ')}${guardDuty}`);
  return checks.expect('and the rest of its stack is gone', gone);
}

/** Returns the message of an error, or what was thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
