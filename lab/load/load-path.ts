import { heldOutDigits } from '../demo/digits';
import type { DemoPath } from '../demo/path';
import type { DemoRun } from '../demo/run';
import type { StackOutputs } from '../demo/stack-outputs';
import type { Reference } from './answers';
import { checkDifferent, isAnswerOf, predictionsOf } from './answers';
import { digitsOf } from './bodies';
import { Clients, Phase } from './clients';
import { LatestServer } from './latest-server';
import type { Memory, MemoryUse } from './memory';
import { memoryProblem, memoryUse, processes, servingMemory } from './memory';
import { referenceOf } from './models';
import type { Row } from './table';

const MODEL = 'digits';
/** The share of a version's requests before the first look at the memory: caches are filled then. */
const WARM_UP_SHARE = 0.25;
/** Pause between a client's requests during an update, which builds a model on the same machine. */
const PAUSE_DURING_UPDATE_MILLISECONDS = 100;
/** Maximum time in which pods of the old version answer after the deployment, because the new ones are available. */
const LINGERING_MILLISECONDS = 60_000;
/** Number of answers of the new model in a row that prove that the old one is gone. */
const NEW_IN_A_ROW = 40;

/** The rows of a path's table, and what was wrong. */
export interface LoadResult {
  readonly rows: Row[];
  readonly problems: string[];
}

type Predictions = number[][];

/** Sends requests to a path, updates it to another model in the middle, and compares every answer. */
export class PathUnderLoad {
  private readonly images = heldOutDigits().map(({ image }) => image);
  private server!: LatestServer;
  private readonly clients = new Clients<Predictions>((turn) => this.ask(turn));

  constructor(private readonly run: DemoRun, private readonly path: DemoPath, private readonly otherModel: string, private readonly requests: number) {}

  public async load(): Promise<LoadResult> {
    const { progress } = this.run;
    const before = await this.deploy('deploy the first model', {});
    const oldReference = await referenceOf(this.run, before, 'before');
    this.server = await LatestServer.connect(this.path, this.run, before);
    try {
      const half = Math.floor(this.requests / 2);
      const first = await this.version('the first', oldReference, half, new Map());

      const during = new Phase('both, during the update');
      const others: { turn: number; predictions: Predictions }[] = [];
      const isOld = (turn: number, predictions: Predictions) => isAnswerOf(oldReference, this.digits(turn), predictions);
      const updating = { over: false };
      const pauseMilliseconds = PAUSE_DURING_UPDATE_MILLISECONDS;
      const sending = this.clients.send(during, { over: () => updating.over, pauseMilliseconds }, (turn, predictions) => {
        if (!isOld(turn, predictions)) {
          others.push({ turn, predictions });
        }
        return undefined;
      });
      const after = await this.deploy('update to another model, while clients ask', { model: this.otherModel }).finally(async () => {
        updating.over = true;
        await sending;
      });
      const newReference = await referenceOf(this.run, after, 'after');
      checkDifferent(oldReference, newReference);
      others.filter(({ turn, predictions }) => !isAnswerOf(newReference, this.digits(turn), predictions))
        .forEach(() => during.fail('an answer is of neither model'));
      if (this.path.name === 'service') {
        await progress.step('wait until the pods of the first model are gone', () => this.untilNew(during, oldReference, newReference));
      }

      const second = await this.version('the second', newReference, half, first.memory.last);
      return {
        rows: [first.row, { path: this.path.label, phase: during }, second.row],
        problems: [...first.problems, ...problemsOf(during), ...second.problems],
      };
    } finally {
      await this.server.close();
    }
  }

  private digits(turn: number): number[] {
    return digitsOf(turn, this.images.length);
  }

  private async ask(turn: number): Promise<Predictions> {
    const body = { instances: this.digits(turn).map((digit) => this.images[digit]) };
    return predictionsOf(await this.server.request('POST', `/v1/models/${MODEL}:predict`, body));
  }

  private deploy(title: string, context: Record<string, string>): Promise<StackOutputs> {
    const { run, path } = this;
    return run.progress.step(`cdk deploy ${path.stack}: ${title}`, () => run.deploy(path.stack, { ...path.context?.(run), ...context }));
  }

  /** Sends a version's requests, and looks at the memory of what serves it after a quarter of them and after the last. */
  private async version(title: string, reference: Reference, requests: number, earlier: Memory) {
    const phase = new Phase(title);
    const judge = (turn: number, predictions: Predictions) => (
      isAnswerOf(reference, this.digits(turn), predictions) ? undefined : `an answer to ${this.digits(turn).length} digits is not that of ${title} model`);
    const look = () => servingMemory(processes(), this.run.emulator.pid);
    return this.run.progress.step(`${requests} requests to ${title} model`, async () => {
      await this.clients.fill(phase, Math.ceil(requests * WARM_UP_SHARE), judge);
      const begun = look();
      await this.clients.fill(phase, requests, judge);
      const last = look();
      const memory: MemoryUse = memoryUse(begun, last, earlier);
      const problem = memoryProblem(memory);
      return { memory: { last }, row: { path: this.path.label, phase, memory }, problems: [...problemsOf(phase), ...problem ? [`${title} model: ${problem}`] : []] };
    });
  }

  /** Sends until only the new model answers; all of it counts as part of the update. */
  private async untilNew(during: Phase, oldReference: Reference, newReference: Reference): Promise<void> {
    const deadline = Date.now() + LINGERING_MILLISECONDS;
    let inARow = 0;
    const over = () => inARow >= NEW_IN_A_ROW || Date.now() > deadline;
    await this.clients.send(during, { over, pauseMilliseconds: PAUSE_DURING_UPDATE_MILLISECONDS }, (turn, predictions) => {
      const isNew = isAnswerOf(newReference, this.digits(turn), predictions);
      inARow = isNew ? inARow + 1 : 0;
      return isNew || isAnswerOf(oldReference, this.digits(turn), predictions) ? undefined : 'an answer is of neither model';
    });
    if (inARow < NEW_IN_A_ROW) {
      during.fail(`${LINGERING_MILLISECONDS / 1000} s after the deployment the first model still answers`);
    }
  }
}

function problemsOf({ title, requests, failed, failures }: Phase): string[] {
  return [
    ...requests === 0 ? [`${title}: no request was sent`] : [],
    ...failed > 0 ? [`${title}: ${failed} of ${requests} requests failed; the first reasons: ${failures.join('; ')}`] : [],
  ];
}
