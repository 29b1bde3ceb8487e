import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { BatchGetBuildsCommand, CodeBuildClient, ListBuildsCommand } from '@aws-sdk/client-codebuild';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ROOT } from '../../scripts/repository';
import type { EmbeddedAws } from '../emulator/client/embedded-aws';
import { deploymentProblem } from './deployment-problem';
import { DIGITS } from './digits';
import { modelNameOf } from './model-name';
import type { DemoOptions } from './options';
import type { Progress } from './progress';
import type { StackOutputs } from './stack-outputs';

/** The embedded AWS, the clients that talk to it, and apps deployed to it. */
export class DemoRun {
  /** Temporary files, deleted when the process ends. */
  public readonly work = mkdtempSync(join(tmpdir(), 'cdk-tensorflow-demo-'));
  private readonly s3: S3Client;
  private readonly codebuild: CodeBuildClient;

  constructor(public readonly emulator: EmbeddedAws, public readonly options: DemoOptions, public readonly progress: Progress) {
    const clients = { endpoint: emulator.endpoint, region: emulator.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.s3 = new S3Client({ ...clients, forcePathStyle: true });
    this.codebuild = new CodeBuildClient(clients);
    process.once('exit', () => rmSync(this.work, { recursive: true, force: true }));
  }

  /** Deploys a stack of the example app, shows the progress of CloudFormation and the build, and returns the stack's outputs. */
  public async deploy(stack: string, endpointContext: Record<string, string> = {}): Promise<StackOutputs> {
    const { emulator, progress } = this;
    const outputsFile = join(this.work, `${stack}-outputs.json`);
    const context = { ...this.modelContext(), ...endpointContext };
    const { code, output } = await this.noteBuilds(() => emulator.cdk([
      'deploy', stack, '--exclusively', '--require-approval', 'never', '--progress', 'events',
      '--output', join(this.work, 'cdk.out'), '--outputs-file', outputsFile,
      // Call tsx without npx, which takes a second of processor time.
      '--app', `node node_modules/tsx/dist/cli.mjs bin/app.ts`,
      ...Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ], {
      directory: ROOT,
      onLine: (line) => {
        const event = /\| (CREATE|UPDATE|DELETE|ROLLBACK)_(COMPLETE|FAILED)\s*\| (\S+)/.exec(line);
        if (event) {
          progress.count(event[3], event[2] === 'FAILED');
        }
      },
    }));
    if (code !== 0) {
      throw new Error(deploymentProblem(code, output));
    }
    return (JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, StackOutputs>)[stack];
  }

  /** Notes the phases of builds while something is done. */
  private async noteBuilds<T>(work: () => Promise<T>): Promise<T> {
    const phases = new Set<string>();
    const watch = setInterval(() => {
      void this.latestBuild().then((build) => {
        const phase = `${build?.id} ${build?.currentPhase}`;
        if (build?.buildStatus === 'IN_PROGRESS' && !phases.has(phase)) {
          phases.add(phase);
          this.progress.note(`optimization job: ${build.currentPhase}`);
        }
      }).catch(() => undefined);
    }, 1000);
    try {
      return await work();
    } finally {
      clearInterval(watch);
    }
  }

  public async text(bucket: string, key: string): Promise<string> {
    return (await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body!.transformToString();
  }

  /** Writes an object to a file. */
  public async download(bucket: string, key: string, file: string): Promise<void> {
    writeFileSync(file, await (await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body!.transformToByteArray());
  }

  public async buildsStarted(): Promise<number> {
    return (await this.codebuild.send(new ListBuildsCommand({}))).ids?.length ?? 0;
  }

  private modelContext(): Record<string, string> {
    const { model, data, inputShapes, labels } = this.options;
    return {
      model: model ?? join(DIGITS, 'saved_model'),
      ...(model ? { modelName: modelNameOf(model), ...(data ? { data } : {}), ...(labels ? { labels } : {}) } : { data: join(DIGITS, 'evaluation.npz') }),
      ...(Object.keys(inputShapes).length ? { inputShapes: JSON.stringify(inputShapes) } : {}),
    };
  }

  private async latestBuild() {
    const { ids } = await this.codebuild.send(new ListBuildsCommand({}));
    if (!ids?.length) {
      return undefined;
    }
    const { builds } = await this.codebuild.send(new BatchGetBuildsCommand({ ids }));
    return builds?.sort((a, b) => Number(b.startTime) - Number(a.startTime))[0];
  }
}
