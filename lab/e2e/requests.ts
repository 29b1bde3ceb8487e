import type { EmbeddedAws } from '../emulator/client/embedded-aws';

/** Sends one request to a service of the embedded AWS that no client is installed for, and returns the body of the answer. */
async function callService(emulator: EmbeddedAws, service: string, headers: Record<string, string>, body: string): Promise<string> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20261124/${emulator.region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const answer = await fetch(emulator.endpoint, { method: 'POST', headers: { ...headers, authorization }, body });
  const text = await answer.text();
  if (answer.status !== 200) {
    throw new Error(`${service} answered ${answer.status}: ${text}`);
  }
  return text;
}

/**
 * Calls an action in AWS's JSON protocol.
 *
 * @param target name of the action, such as `AmazonSQS.ReceiveMessage`.
 */
export async function callAction(emulator: EmbeddedAws, service: string, target: string, parameters: object): Promise<any> {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target };
  return JSON.parse(await callService(emulator, service, headers, JSON.stringify(parameters)));
}

/** Calls an action in AWS's query protocol. */
export async function callQuery(emulator: EmbeddedAws, service: string, parameters: Record<string, string>): Promise<string> {
  return callService(emulator, service, { 'content-type': 'application/x-www-form-urlencoded' }, new URLSearchParams(parameters).toString());
}

/** Returns the messages of the log group whose name has this part. */
export async function logged(emulator: EmbeddedAws, part: string): Promise<string> {
  const logs = (action: string, parameters: object) => callAction(emulator, 'logs', `Logs_20140328.${action}`, parameters);
  const { logGroups } = await logs('DescribeLogGroups', {}) as { logGroups: { logGroupName: string }[] };
  const { logGroupName } = logGroups.find((group) => group.logGroupName.includes(part))!;
  const { events } = await logs('FilterLogEvents', { logGroupName }) as { events: { message: string }[] };
  return events.map(({ message }) => message).join('\n');
}
