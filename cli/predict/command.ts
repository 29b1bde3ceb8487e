import { requireCredentials } from '../open/command';
import type { Proxy } from '../open/proxy';
import { startProxy } from '../open/proxy';
import { optimizerCommand } from '../optimizer/command';
import { parsePredictOptions, USAGE } from './options';
import { servedModel } from './served-model';

/**
 * The optimizer's variable with the addresses on this machine, by what the command was given.
 *
 * Everybody on this machine can read arguments, and only this user an environment.
 */
const VARIABLE = 'CDK_TENSORFLOW_ENDPOINTS';

/** Runs `cdk-tensorflow predict` and returns its exit code: the optimizer asks, and a proxy for each served model signs. Throws if the options are wrong. */
export async function predictCommand(args: string[]): Promise<number> {
  if (args.some((argument) => argument === '--help' || argument === '-h')) {
    const code = await optimizerCommand('predict', ['--help']);
    process.stdout.write(`\n${USAGE}`);
    return code;
  }
  const { options, targets, rest } = parsePredictOptions(args);
  const models = await Promise.all(targets.map((target) => servedModel(target, options)));
  const proxies: Proxy[] = [];
  try {
    const addresses: Record<string, string> = {};
    for (const { target, endpoint, path } of models) {
      if (endpoint.signing) {
        await requireCredentials(endpoint.signing);
      }
      const proxy = await startProxy(endpoint, { page: '' });
      proxies.push(proxy);
      addresses[target] = `${proxy.address.replace(/\/$/, '')}${path}`;
    }
    return await optimizerCommand('predict', rest, proxies.length > 0 ? { [VARIABLE]: JSON.stringify(addresses) } : {});
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}
