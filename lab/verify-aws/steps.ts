import { setTimeout as sleep } from 'timers/promises';
import type { Answer, Server } from '../demo/server';
import type { Account } from './account';
import type { Checks } from './checks';
import { anotherRuntime, failingCheckTwice } from './function-questions';
import { answersGolden } from './golden-check';
import type { VerifiedPath } from './paths';
import { processorFactor } from './processor-factor';
import { describe, removeStack } from './removal';

/** Pause between requests while something changes. */
const PAUSE_MILLISECONDS = 500;

/** Maximum time until a new load balancer answers, and the pause between attempts, in seconds. */
const READINESS = { seconds: 600, pauseSeconds: 15 };

/** Deploys one path, updates it, breaks it, rolls it back and destroys it. Checks every promise of the README that needs a real account. */
export class PathVerification {
  private server!: Server;
  private model = '';

  constructor(private readonly path: VerifiedPath, private readonly account: Account, private readonly checks: Checks, private readonly region: string,
    private readonly readiness = READINESS) {}

  public async run(options: { readonly keep: boolean }): Promise<void> {
    const { account, checks, path: { stack } } = this;
    try {
      const first = await this.firstDeployment();
      if (!first) {
        return;
      }
      const steps = {
        'the same deployment again': () => this.unchanged(first),
        'what only an account answers': () => this.functionQuestions(first),
        'an update, and one that the gate refuses': async () => this.refusedByTheGate(await this.update(first)),
        'going back': () => this.rollback(first),
        'a canary': () => this.canary(first),
      };
      for (const [name, step] of Object.entries(steps)) {
        await step().catch((error: unknown) => checks.expect(`${name}, to the end`, false, describe(error)));
      }
    } finally {
      if (!options.keep) {
        await removeStack(account, checks, stack);
      } else {
        checks.expect(`${stack} is kept, and costs until \`cdk destroy ${stack}\``, true, (await account.status(stack)) ?? 'no such stack');
      }
    }
  }

  private async firstDeployment(): Promise<string | undefined> {
    const { account, checks, path } = this;
    const { code, output } = await account.deploy(path.stack);
    if (!checks.expect('a first deployment succeeds', code === 0, code === 0 ? '' : `${output.slice(-2000)}${await this.bootLog()}`)) {
      return undefined;
    }
    const outputs = account.outputs(path.stack);
    this.model = (JSON.parse(await account.text(outputs.ArtifactBucket, outputs.ManifestKey)) as { model: string }).model;
    this.server = path.connect(account, outputs, this.region);
    if (!await this.ready()) {
      return undefined;
    }
    await this.answersGolden(outputs.ManifestKey);
    const wrong = await this.server.request('POST', `/v1/models/${this.model}:predict`, { instances: [['not', 'a', 'picture']] });
    checks.expect('a request that does not fit is answered by 400 and an error', wrong.status === 400 && wrong.body.includes('error'), `${wrong.status}`);
    const unknown = await this.server.request('GET', '/v1/models/unknown');
    checks.expect('an unknown model is answered by 404', unknown.status === 404, `${unknown.status}`);
    return outputs.ManifestKey;
  }

  private async unchanged(manifestKey: string): Promise<void> {
    const { account, checks, path } = this;
    await this.buildsNothing('the same deployment again');
    checks.expect('and serves the same version', account.outputs(path.stack).ManifestKey === manifestKey);
  }

  /** Answers, for a function, what AWS's documentation leaves open. */
  private async functionQuestions(manifestKey: string): Promise<void> {
    const { account, checks, path: { stack, alias } } = this;
    if (!alias) {
      return;
    }
    await processorFactor({ account, checks, stack, manifestKey });
    await failingCheckTwice({ account, checks, stack });
    await this.answersGolden(manifestKey);
    await anotherRuntime({ account, checks, stack });
    await this.answersGolden(manifestKey);
  }

  private async update(firstKey: string): Promise<string> {
    const { account, checks, path } = this;
    const { result, failures, asked } = await this.whileAsking(() => account.deploy(path.stack, { recipe: 'none' }));
    checks.expect('an update to another recipe succeeds', result.code === 0, result.code === 0 ? '' : result.output.slice(-2000));
    checks.expect('no request failed meanwhile', failures.length === 0 && asked > 0, `${failures.length} of ${asked}${failures.length ? `, ${failures[0]}` : ''}`);
    const { ManifestKey } = account.outputs(path.stack);
    checks.expect('it published another version', ManifestKey !== firstKey, ManifestKey);
    await this.answersGolden(ManifestKey);
    return ManifestKey;
  }

  private async refusedByTheGate(manifestKey: string): Promise<void> {
    const { account, checks, path } = this;
    const { result, failures, asked } = await this.whileAsking(() => account.deploy(path.stack, { recipe: 'none', gate: 'impossible' }));
    checks.expect('a model that the gate refuses fails the deployment', result.code !== 0);
    const explained = result.output.includes('allowed at most 1,024') && result.output.includes('report.html');
    checks.expect('and the message names the rule and the report', explained, explained ? '' : result.output.slice(-600));
    checks.expect('CloudFormation rolled back', (await account.status(path.stack)) === 'UPDATE_ROLLBACK_COMPLETE', await account.status(path.stack));
    checks.expect('what was serving went on without a failed request', failures.length === 0 && asked > 0, `${failures.length} of ${asked}`);
    await this.answersGolden(manifestKey);
  }

  private async rollback(firstKey: string): Promise<void> {
    const { account, checks, path } = this;
    await this.buildsNothing('going back');
    const { ManifestKey } = account.outputs(path.stack);
    checks.expect('and serves the first version again', ManifestKey === firstKey, ManifestKey);
    await this.answersGolden(firstKey);
  }

  /** Adds a canary in the deployment that gives it another version, whose captured requests are replayed before, where the server is LiteRT. */
  private async canary(firstKey: string): Promise<void> {
    const { account, checks, path: { stack, canary } } = this;
    if (!canary) {
      return;
    }
    const { result, failures, asked } = await this.whileAsking(() => account.deploy(stack, { recipe: 'none', rollout: 'canary' }));
    checks.expect('a version that a canary serves first is deployed', result.code === 0, result.code === 0 ? '' : `${result.output.slice(-2000)}${await this.bootLog()}`);
    checks.expect('no request failed meanwhile', failures.length === 0 && asked > 0, `${failures.length} of ${asked}${failures.length ? `, ${failures[0]}` : ''}`);
    const { ManifestKey } = account.outputs(stack);
    checks.expect('and it serves another version', ManifestKey !== firstKey, ManifestKey);
    await this.answersGolden(ManifestKey);
  }

  private async buildsNothing(deployment: string): Promise<void> {
    const { account, checks, path } = this;
    const { ProjectName } = account.outputs(path.stack);
    const before = await account.builds(ProjectName);
    const { code, output } = await account.deploy(path.stack);
    checks.expect(`${deployment} succeeds`, code === 0, code === 0 ? '' : output.slice(-2000));
    const started = (await account.builds(ProjectName)) - before;
    checks.expect('and builds nothing', started === 0, started === 0 ? '' : `${started} builds started`);
  }

  /** Waits until the model answers, and ignores single failures. */
  private async ready(): Promise<boolean> {
    const { seconds, pauseSeconds } = this.readiness;
    let last = '';
    for (let waited = 0; waited <= seconds; waited += pauseSeconds) {
      const answer = await this.ask();
      if (answer.status === 200) {
        return this.checks.expect('the endpoint begins to answer', true, `after ${waited} s`);
      }
      last = `${answer.status}: ${answer.body.slice(0, 200)}`;
      await sleep(pauseSeconds * 1000);
    }
    return this.checks.expect('the endpoint begins to answer', false, last);
  }

  /** Requests the model's metadata. A failed request is an answer too. */
  private ask(): Promise<Answer> {
    return this.server.request('GET', `/v1/models/${this.model}/metadata`).catch((error: unknown) => ({ status: 0, body: String(error) }));
  }

  /** Returns why instances do not serve, if they logged it. */
  private async bootLog(): Promise<string> {
    const { account, path: { stack, bootLog } } = this;
    if (bootLog === undefined) {
      return '';
    }
    try {
      const { logGroups } = await account.made(stack);
      const groups = logGroups.filter(({ logicalId }) => logicalId.startsWith(bootLog));
      const lines = await Promise.all(groups.map(({ name }) => account.logLines(name, this.region)));
      return `\nThe instances' log:\n${lines.flat().join('\n')}`;
    } catch (error) {
      return `\nThe instances' log cannot be read: ${describe(error)}`;
    }
  }

  private answersGolden(manifestKey: string): Promise<void> {
    const { account, checks, path } = this;
    return answersGolden(account, checks, this.server, account.outputs(path.stack).ArtifactBucket, manifestKey);
  }

  /** Requests the model's metadata repeatedly while `work` runs, and returns every answer other than 200. */
  private async whileAsking<T>(work: () => Promise<T>): Promise<{ result: T; failures: string[]; asked: number }> {
    const failures: string[] = [];
    let asked = 0;
    let over = false;
    const client = (async () => {
      while (!over) {
        const answer = await this.ask();
        asked += 1;
        if (answer.status !== 200) {
          failures.push(`${answer.status}: ${answer.body.slice(0, 200)}`);
        }
        await new Promise((done) => setTimeout(done, PAUSE_MILLISECONDS));
      }
    })();
    try {
      return { result: await work(), failures, asked };
    } finally {
      over = true;
      await client;
    }
  }
}
