import { execFile } from 'child_process';
import { join } from 'path';
import { DeliveryClient } from '../../../cli/delivery/client';
import type { Delivery } from '../../../cli/delivery/documents';
import { ROOT } from '../../../scripts/repository';
import type { EmbeddedAws } from '../../emulator/client/embedded-aws';

const STACK = 'Delivery';
const POLL_MILLISECONDS = 1000;
const LONGEST_MINUTES = 30;

/** The delivery of lab/demo/deliver/app.ts. */
export class Delivering {
  public static async find(emulator: EmbeddedAws): Promise<Delivering> {
    // The command line's client takes the address and the credentials from the environment.
    delete process.env.AWS_PROFILE;
    delete process.env.AWS_SESSION_TOKEN;
    Object.assign(process.env, emulator.environment);
    return new Delivering(await DeliveryClient.find({ region: emulator.region }, { stack: STACK }));
  }

  private constructor(private readonly client: DeliveryClient) {}

  /** Waits until the delivery of an upload has ended. */
  public async ended(objectVersion: string): Promise<Delivery> {
    const deadline = Date.now() + LONGEST_MINUTES * 60_000;
    while (Date.now() < deadline) {
      const found = (await this.client.deliveries(5)).find((delivery) => delivery.objectVersion === objectVersion && delivery.outcome !== 'RUNNING');
      if (found) {
        return found;
      }
      await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
    }
    throw new Error(`the delivery of the upload ${objectVersion} has not ended after ${LONGEST_MINUTES} minutes`);
  }

  /** Runs `cdk-tensorflow delivery`, and returns what it prints. Throws if it fails. */
  public operate(...args: string[]): Promise<string> {
    const command = [join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(ROOT, 'cli', 'main.ts'), 'delivery', ...args, '--stack', STACK];
    return new Promise((done, fail) => {
      execFile(process.execPath, command, { env: process.env }, (error, stdout, stderr) => (error ? fail(new Error(`${stdout}${stderr}`)) : done(stdout)));
    });
  }
}
