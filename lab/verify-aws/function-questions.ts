import type { Account } from './account';
import type { Checks } from './checks';

/** Questions to a deployment of the function's stack. */
interface Asked {
  readonly account: Account;
  readonly checks: Checks;
  readonly stack: string;
}

/**
 * Changes the runtime alone, and back. AWS's documentation says both that a new description replaces a version and that it does not: without a
 * replacement `live` would stay on the old version.
 */
export async function anotherRuntime({ account, checks, stack }: Asked): Promise<void> {
  const functionName = account.outputs(stack).FunctionName;
  const before = await account.live(functionName);
  const { code, output } = await account.deploy(stack, { runtime: 'numpy' });
  checks.expect('a change of the runtime alone is deployed', code === 0, code === 0 ? '' : output.slice(-2000));
  const after = await account.live(functionName);
  checks.expect('and `live` names a new version with that runtime', after.version !== before.version && after.runtime.startsWith('python'),
    `version ${before.version} (${before.runtime}) before, ${after.version} (${after.runtime}) now`);
}

/**
 * Deploys a hook that fails the version's check, two times: the rollback must leave the stack so that the same change fails for the same reason.
 * `RetainExceptOnCreate` might delete the replaced version, or leave it where the second attempt finds it.
 */
export async function failingCheckTwice({ account, checks, stack }: Asked): Promise<void> {
  const functionName = account.outputs(stack).FunctionName;
  const before = await account.live(functionName);
  for (const attempt of ['a version that fails its check ends the deployment', 'the same change again ends for the same reason']) {
    const { code, output } = await account.deploy(stack, { hook: 'broken' });
    const explained = output.includes('this hook fails on purpose');
    checks.expect(attempt, code !== 0 && explained, explained ? '' : output.slice(-600));
    checks.expect('and CloudFormation rolled back', (await account.status(stack)) === 'UPDATE_ROLLBACK_COMPLETE', await account.status(stack));
  }
  const after = await account.live(functionName);
  checks.expect('`live` names the version from before', after.version === before.version, `version ${before.version} before, ${after.version} now`);
}
