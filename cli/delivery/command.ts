import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { wayOutOfNoAnswer } from '../aws/no-answer';
import { promote, rollback } from './changes';
import { DeliveryClient } from './client';
import type { DeliveryOptions } from './options';
import { parseDeliveryOptions, USAGE } from './options';
import { withRefusals } from './refusals';
import { statusOf } from './status';
import { endpointTable, heading, historyTable, time } from './tables';
import { shortId, snapshots } from './timeline';

const ACTIONS = { status, history, promote, rollback };

/** Runs `cdk-tensorflow delivery` and returns its exit code. Throws if the options are wrong, or AWS does not answer. */
export async function deliveryCommand(args: string[]): Promise<number> {
  const options = parseDeliveryOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    const access = { region: await regionOf(options), profile: options.profile };
    return await ACTIONS[options.action](await DeliveryClient.find(access, options), options);
  } catch (error) {
    throw new Error(withWayOut(error instanceof Error ? error : new Error(String(error))), { cause: error });
  }
}

async function status(client: DeliveryClient, { json, limit }: DeliveryOptions): Promise<number> {
  const found = await statusOf(client, limit);
  if (json) {
    print({ stateMachineArn: client.stateMachineArn, ...client.settings, ...found });
    return 0;
  }
  const { endpoints, source, serve, newest, running } = found;
  process.stdout.write([
    `${heading(client.settings)}\n`,
    newest === undefined ? 'Nothing is uploaded\n' : `Newest upload: ${newest.objectVersion}, ${time(newest.uploaded)}${newest.objectVersion === source ? '' : ', not delivered'}\n`,
    serve === 'built' ? `Delivered: ${source}\n` : `Gone back to a published version; ${source} is built again by the next delivery of an upload\n`,
    ...running.map(({ id, started }) => `A delivery runs: ${shortId(id)}, since ${time(started)}\n`),
    '\n',
    endpointTable(endpoints),
  ].join(''));
  return 0;
}

async function history(client: DeliveryClient, { json, limit }: DeliveryOptions): Promise<number> {
  const found = await client.deliveries(limit);
  const deliveries = withRefusals(found, await client.refusals(found.flatMap(({ live }) => live)));
  if (json) {
    print({ stateMachineArn: client.stateMachineArn, ...client.settings, deliveries });
  } else {
    process.stdout.write(`${heading(client.settings)}\n\n${historyTable(deliveries, snapshots(deliveries))}`);
  }
  return 0;
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

async function regionOf({ region, profile }: DeliveryOptions): Promise<string> {
  try {
    return await new CloudFormationClient({ region, profile }).config.region();
  } catch (error) {
    throw new Error('no Region was found: give --region, set AWS_REGION, or write a region into the profile', { cause: error });
  }
}

/** Returns an error's message, and what to do where that is known. */
function withWayOut(error: Error & { readonly code?: unknown }): string {
  const { name, code } = error;
  // Where several addresses of a host refuse a connection, Node.js gives a code only.
  const message = error.message || String(code ?? name);
  const said = `${name} ${message}`;
  if (/AccessDenied|not authorized/i.test(said)) {
    return `${message}\nThe role may not do that: give it delivery.grantOperate(role), or use another --profile`;
  }
  if (/StateMachineDoesNotExist|Stack with id .* does not exist/.test(said)) {
    return `${message}\nLook whether the name, the Region and the account are right: --region and --profile choose others`;
  }
  if (/CredentialsProvider|ExpiredToken|security token/i.test(said)) {
    return `${message}\nGive --profile, set the credentials in the environment, or sign in again with \`aws sso login\``;
  }
  const unreachable = wayOutOfNoAnswer(error);
  return unreachable ? `${message}\n${unreachable[0].toUpperCase()}${unreachable.slice(1)}` : message;
}
