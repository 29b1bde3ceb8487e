import type { DeliveryClient } from './client';
import type { Delivery } from './documents';
import type { DeliveryOptions } from './options';
import { heading, names, time } from './tables';
import { rollbackTarget, serveInput, shortId } from './timeline';

const POLL_MILLISECONDS = 3000;

/** A change, before it is made. */
interface Change {
  readonly input: object;
  readonly said: readonly string[];
}

/** Delivers an upload again. */
export async function promote(client: DeliveryClient, options: DeliveryOptions): Promise<number> {
  const [uploads, { source, serve }, stacks, deliveries] = await Promise.all([
    client.uploads(), client.parameters(), client.stacks(), client.deliveries(options.limit),
  ]);
  const { bucket, key } = client.settings;
  if (uploads.length === 0) {
    throw new Error(`there is no model in ${heading(client.settings)}: upload one, aws s3 cp MODEL s3://${bucket}/${key}`);
  }
  const asked = options.objectVersion ?? uploads[0].objectVersion;
  const upload = uploads.find(({ objectVersion }) => objectVersion === asked);
  if (upload === undefined) {
    throw new Error([
      `${heading(client.settings)} has no version ${JSON.stringify(asked)}: give one of these`,
      ...uploads.slice(0, 10).map(({ objectVersion, uploaded }) => `  ${objectVersion}  ${time(uploaded)}`),
    ].join('\n'));
  }
  const isDelivered = asked === source && serve === 'built';
  const isRunning = deliveries.some(({ outcome }) => outcome === 'RUNNING');
  return make(client, options, {
    input: { objectVersion: asked },
    said: [
      `Deliver upload ${asked} of ${time(upload.uploaded)}, instead of ${serve === 'built' ? source : 'the published version that was gone back to'}`,
      ...deliveries.filter(({ outcome }) => outcome === 'RUNNING').map(({ id, started }) => `It begins after the delivery ${shortId(id)}, which runs since ${time(started)}`),
      // While a delivery runs, the parameters say what it tries.
      ...isDelivered && !isRunning ? ['It is delivered already: only a changed recipe or a missing version is built'] : ['It is built and gated, unless it was built before'],
      `Live now: ${names(stacks.flatMap(({ versions }) => versions))}`,
      `Stacks, in this order: ${client.settings.stackNames.join(', ')}`,
    ],
  });
}

/** Goes back to versions that were live. */
export async function rollback(client: DeliveryClient, options: DeliveryOptions): Promise<number> {
  const [stacks, deliveries] = await Promise.all([client.stacks(), client.deliveries(options.limit)]);
  const live = stacks.flatMap(({ versions }) => versions);
  const target = rollbackTarget(live, deliveries, options.to);
  return make(client, options, {
    input: serveInput(target.versions),
    said: [
      `Go back to ${names(target.versions)}, ${target.by ? `live by delivery ${shortId(target.by.id)} of ${time(target.by.ended)}` : 'which a deployment had brought'}`,
      ...target.versions.map(({ bucket, manifestKey, manifestSha256 }) => `  s3://${bucket}/${manifestKey}, SHA-256 ${manifestSha256}`),
      `Live now: ${names(live)}`,
      'Nothing is built. It stays until the next upload or promote',
    ],
  });
}

async function make(client: DeliveryClient, { yes, wait, json }: DeliveryOptions, { input, said }: Change): Promise<number> {
  const tell = (lines: readonly string[]) => (json ? undefined : process.stdout.write(lines.map((line) => `${line}\n`).join('')));
  const print = (value: object) => (json ? process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`) : undefined);
  const change = { stateMachineArn: client.stateMachineArn, input };
  tell(said);
  if (!yes) {
    tell(['Nothing was changed: give --yes to make the change']);
    print({ ...change, executed: false });
    return 0;
  }
  const arn = await client.start(input);
  tell([`Started ${arn}`]);
  if (!wait) {
    print({ ...change, executed: true, executionArn: arn });
    return 0;
  }
  tell(['Waiting for its end: Ctrl-C ends the waiting only']);
  const delivery = await ended(client, arn);
  tell(delivery.outcome === 'DELIVERED' ? [`Live: ${names(delivery.live)}`] : [`${delivery.outcome}: ${delivery.reason}`, ...wayOut(delivery)]);
  print({ ...change, executed: true, executionArn: arn, delivery });
  return ['DELIVERED', 'WAITING'].includes(delivery.outcome) ? 0 : 1;
}

async function ended(client: DeliveryClient, arn: string): Promise<Delivery> {
  for (;;) {
    const delivery = await client.delivery(arn);
    if (delivery.outcome !== 'RUNNING') {
      return delivery;
    }
    await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
  }
}

function wayOut({ outcome, skipped }: Delivery): string[] {
  return outcome === 'WAITING' ? [`Deploy what serves: cdk deploy ${skipped.join(' ')}`] : outcome === 'ROLLED_BACK' ? ['Everything is as it was before: mend the cause and try again']
    : ['A person is needed: bring the stack back (aws cloudformation continue-update-rollback), then deliver again'];
}
