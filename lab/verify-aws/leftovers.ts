import type { Account } from './account';
import { APP } from './account';

/** Returns a line for each remaining stack, with the command that deletes it. */
export async function leftovers(account: Pick<Account, 'status'>, stacks: readonly string[]): Promise<string[]> {
  const lines = await Promise.all(stacks.map(async (stack) => {
    const command = `npx cdk destroy ${stack} --app ${JSON.stringify(APP)}`;
    try {
      const status = await account.status(stack);
      return status === undefined ? [] : [`${stack} still exists (${status}) and costs. Remove it: ${command}`];
    } catch (error) {
      return [`Whether ${stack} still exists is not known (${error instanceof Error ? error.message : String(error)}). Remove it: ${command}`];
    }
  }));
  return lines.flat();
}
