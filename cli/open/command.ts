import { readFileSync } from 'fs';
import { join } from 'path';
import { signerOf } from '../aws/signed-request';
import type { Endpoint, Signing } from './endpoint';
import { parseOpenOptions, USAGE } from './options';
import { startProxy } from './proxy';

/** Runs `cdk-tensorflow open` until Ctrl-C, and returns its exit code. Throws if the options are wrong, or no credentials are found. */
export async function openCommand(args: string[]): Promise<number> {
  const endpoint = parseOpenOptions(args);
  if (endpoint === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (endpoint.signing) {
    await requireCredentials(endpoint.signing);
  }
  // Beside the bundled command: see scripts/package/command.mjs.
  const proxy = await startProxy(endpoint, { page: readFileSync(join(__dirname, 'page.html'), 'utf8') });
  // A signal may come as soon as the address is read.
  const ended = new Promise<void>((resolve) => (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).forEach((signal) => process.once(signal, () => resolve())));
  process.stdout.write(announcement(endpoint, proxy.address));
  await ended;
  await proxy.close();
  return 0;
}

/** Says what is served where. */
export function announcement({ url, signing }: Endpoint, address: string): string {
  const base = address.replace(/\/$/, '');
  return [
    `${url}${signing ? `, signed for ${signing.service} in ${signing.region} with ${signing.profile ? `the profile ${signing.profile}` : 'your credentials'}` : ', unsigned'}`,
    '',
    `  Page          ${address}`,
    `  Base address  ${base}`,
    `                for clients of TensorFlow Serving's REST API and of the Open Inference Protocol; without http:// for tritonclient`,
    '',
    `Only this machine reaches it. Whoever has the address sends requests ${signing ? 'with your credentials' : 'as you do'}. Ctrl-C ends it.`,
    '',
  ].join('\n');
}

/** Throws a sentence if nothing is found to sign with. */
export async function requireCredentials({ service, region, profile }: Signing): Promise<void> {
  try {
    await signerOf({ region, profile }, service).sign({ method: 'GET', protocol: 'https:', hostname: 'localhost', path: '/', query: {}, headers: { host: 'localhost' } });
  } catch (error) {
    throw new Error(`no credentials to sign with were found (${(error as Error).message}): give --profile, set them in the environment, sign in with \`aws sso login\`, `
      + 'or give --unsigned for an address that is public');
  }
}
