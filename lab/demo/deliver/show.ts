import { execFile } from 'child_process';
import { writeFileSync } from 'fs';
import { join } from 'path';
import { promisify } from 'util';
import { ROOT } from '../../../scripts/repository';
import { EmbeddedAws } from '../../emulator/client/embedded-aws';
import { Clients, Phase } from '../../load/clients';
import { checkReused } from '../checks';
import { heldOutDigits, likeliest } from '../digits';
import type { DemoOptions } from '../options';
import { functionPath } from '../paths/function';
import { ask } from '../predictions';
import { Progress } from '../progress';
import { DemoRun } from '../run';
import type { Server } from '../server';
import type { Expected } from './checks';
import { checkCalls, checkOutcome, checkServed } from './checks';
import { Delivering } from './delivering';

const APP = 'lab/demo/deliver/app.ts';
const MODEL = 'digits';
const KEY = 'digits.zip';
/** Pause of a client between two requests. */
const PAUSE_MILLISECONDS = 200;
/** Duration of a minute of a traffic shift in the embedded AWS, in minutes. */
const SHIFT_SCALE = '0.05';

const say = (...lines: string[]) => process.stdout.write(lines.map((line) => `  ${line}\n`).join(''));

/** Shows models that become live by uploads, while callers ask. Throws if a request fails, or anything else is not as it should be. */
export async function showDelivery(options: DemoOptions, emulatorStarted: (emulator: EmbeddedAws) => void): Promise<void> {
  const progress = new Progress();
  const emulator = await progress.step('start the embedded AWS', () => EmbeddedAws.start(['--shift-scale', SHIFT_SCALE]));
  try {
    emulatorStarted(emulator);
    const run = new DemoRun(emulator, options, progress);
    await progress.step('cdk bootstrap', () => emulator.bootstrap());
    await progress.step('make four models to upload', () => promisify(execFile)(
      join(ROOT, '.tools', 'python', 'bin', 'python'), [join(__dirname, 'make_models.py'), run.work]));
    const { requests, failed, failures } = await new Demonstration(run).show();
    say('', `requests: ${requests}`, `failed requests: ${failed}`, `${progress.seconds.toFixed(0)} s`);
    if (options.json) {
      writeFileSync(options.json, `${JSON.stringify({ requests, failed, failures, seconds: progress.seconds, secondsByStep: progress.steps }, null, 2)}\n`);
    }
    checkCalls({ requests, failed, failures });
  } finally {
    await emulator.stop();
  }
}

class Demonstration {
  private readonly digits = heldOutDigits();
  private delivering!: Delivering;
  private bucket!: string;
  private server!: Server;

  constructor(private readonly run: DemoRun) {}

  public async show(): Promise<Phase> {
    await this.begin();
    const first = await this.answers('first');
    const calls = new Phase('callers');
    let over = false;
    const callers = new Clients((turn) => ask(this.server, MODEL, { instances: [this.digits[turn % this.digits.length].image] }));
    const calling = callers.send(calls, { over: () => over, pauseMilliseconds: PAUSE_MILLISECONDS }, () => undefined);
    try {
      await this.upload('better', 'becomes live by canary, without a deployment by anybody', { outcome: 'DELIVERED' });
      const better = await this.answers('better');
      if (better === first) {
        throw new Error('the better model must answer callers otherwise than the first one, and answers alike');
      }
      await this.upload('shuffled', 'passes the gate, and replay stops it', { outcome: 'ROLLED_BACK', reason: /captured requests differently/ });
      checkServed('better', better, await this.answers('better'));
      // A refused upload updates the stack without a change, because of KEEP_PREVIOUS.
      await this.upload('large', 'is refused by the gate, and changes nothing', { outcome: 'DELIVERED' });
      checkServed('better', better, await this.answers('better'));
      await this.goBack();
      checkServed('first', first, await this.answers('first'));
      await this.deployUnchanged();
      checkServed('first', first, await this.answers('first'));
    } finally {
      over = true;
      await calling;
    }
    return calls;
  }

  /** Deploys both stacks, with the first model. */
  private async begin(): Promise<void> {
    const { progress, emulator } = this.run;
    this.bucket = (await progress.step('cdk deploy Delivery: the bucket, and what an upload starts', () => this.run.deploy('Delivery', {}, APP))).UploadBucket;
    this.delivering = await Delivering.find(emulator);
    await this.upload('first', 'waits for the first deployment', { outcome: 'WAITING' });
    const outputs = await progress.step('cdk deploy Serving: optimize, gate, publish, serve', () => this.run.deploy('Serving', {}, APP));
    this.server = await functionPath.connect(this.run, outputs);
    say('callers begin: four clients, one request after another, until the end');
  }

  private async upload(model: string, what: string, expected: Expected): Promise<void> {
    const { outcome, reason } = await this.run.progress.step(`upload the ${model} model: it ${what}`, () => this.run.noteBuilds(async () => (
      this.delivering.ended(await this.run.upload(this.bucket, KEY, join(this.run.work, `${model}.zip`))))));
    checkOutcome(model, { outcome, reason }, expected);
    say(`the delivery ended as ${outcome}`, ...reason ? [reason.split('\n')[0]] : []);
  }

  private async goBack(): Promise<void> {
    const said = await this.run.progress.step('npx cdk-tensorflow delivery rollback --yes', () => this.delivering.operate('rollback', '--yes'));
    say(...said.trim().split('\n'));
  }

  private async deployUnchanged(): Promise<void> {
    const before = await this.run.buildsStarted();
    await this.run.progress.step('cdk deploy Delivery and Serving, unchanged: nothing changes', async () => {
      await this.run.deploy('Delivery', {}, APP);
      await this.run.deploy('Serving', {}, APP);
    });
    checkReused(before, await this.run.buildsStarted());
    say(...(await this.delivering.operate('history')).trim().split('\n'));
  }

  /** Returns what the live model answers to all held-out digits, and says how many are right. */
  private async answers(model: string): Promise<string> {
    const { predictions } = await ask(this.server, MODEL, { instances: this.digits.map(({ image }) => image) }) as { predictions: number[][] };
    const right = this.digits.filter(({ label }, index) => likeliest(predictions[index]) === label).length;
    say(`callers get the ${model} model: ${right} of ${this.digits.length} digits that no training saw are right`);
    return JSON.stringify(predictions);
  }
}
