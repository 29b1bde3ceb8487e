import { readdirSync, readFileSync } from 'fs';
import { join, relative } from 'path';
import { DeliveryClient } from '../../../cli/delivery/client';
import type { Delivery } from '../../../cli/delivery/documents';
import type { ZipEntry } from '../../../lib/bundling/zip-file';
import { zipFile } from '../../../lib/bundling/zip-file';
import { ROOT } from '../../../scripts/repository';
import { eventually } from '../eventually';
import { answersGolden } from '../golden-check';
import { functionUrl } from '../paths';
import { DELIVERED, DELIVERY, KEY } from './stacks';
import type { Tools } from './trial';

const MODEL = join(ROOT, 'examples', 'digits', 'saved_model');
const BUILD_SECONDS = 3600;
const MESSAGE_SECONDS = 120;

/** Delivers a model before and after the first deployment of the stack that serves it, and one that cannot be built. */
export async function delivery({ account, checks, region }: Tools): Promise<void> {
  const first = await account.deploy(DELIVERY);
  if (!checks.expect('the stack of a delivery is deployed', first.code === 0, first.code === 0 ? '' : first.output.slice(-2000))) {
    return;
  }
  const { UploadBucket, QueueUrl } = account.outputs(DELIVERY);
  const client = await DeliveryClient.find({ region }, { stack: DELIVERY });
  const deliver = async (content: Buffer): Promise<Delivery> => {
    const objectVersion = await account.write(UploadBucket, KEY, content);
    return eventually(BUILD_SECONDS, async () => (
      (await client.deliveries(5)).find((found) => found.objectVersion === objectVersion && found.outcome !== 'RUNNING')));
  };
  const waiting = await deliver(archive('first'));
  checks.expect('an upload waits for the first deployment of its stack', waiting.outcome === 'WAITING', `${waiting.outcome} ${waiting.reason}`);

  const { code, output } = await account.deploy(DELIVERED);
  const who = /ssm:GetParameters/.test(output) ? 'its caller, who needs the statement of docs/delivery.md: ' : '';
  if (!checks.expect('CloudFormation reads the parameters of a delivery with the execution role (N7)', code === 0, code === 0 ? '' : `${who}${output.slice(-2000)}`)) {
    return;
  }
  const serves = async () => {
    const { Url, ArtifactBucket, ManifestKey } = await account.currentOutputs(DELIVERED);
    await answersGolden(account, checks, functionUrl(Url, region), ArtifactBucket, ManifestKey);
    return ManifestKey;
  };
  const before = await serves();
  const delivered = await deliver(archive('second'));
  checks.expect('an upload becomes live without a deployment', delivered.outcome === 'DELIVERED', `${delivered.outcome} ${delivered.reason}`);
  const after = await serves();
  checks.expect('as another version', after !== before, after);

  const refused = await deliver(Buffer.from('no model'));
  checks.expect('an upload that is no model changes nothing', refused.outcome === 'ROLLED_BACK', `${refused.outcome} ${refused.reason}`);
  const message = await eventually(MESSAGE_SECONDS, () => account.receive(QueueUrl)).catch(() => undefined);
  checks.expect('and failureTopic has its reason, quotes and line breaks included (N9)', message !== undefined, message ?? 'no message');
  checks.expect('what was live still is', await serves() === after);

  const plan = await account.invoke((await account.currentOutputs(DELIVERED)).PruningFunction, { dryRun: true });
  checks.expect('the function of retention can read all versions', !plan.includes('errorMessage'), plan.slice(0, 400));
}

/** A ZIP of the model, of other bytes for another note. */
function archive(note: string): Buffer {
  const files = readdirSync(MODEL, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const entries: ZipEntry[] = files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return { name: relative(MODEL, path), content: readFileSync(path), mode: 0o644 };
  });
  return zipFile([...entries, { name: 'assets.extra/note.txt', content: Buffer.from(note), mode: 0o644 }]);
}
