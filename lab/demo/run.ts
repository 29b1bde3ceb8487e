import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { BatchGetBuildsCommand, CodeBuildClient, ListBuildsCommand } from '@aws-sdk/client-codebuild';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ROOT } from '../../scripts/repository';
import type { EmbeddedAws } from '../emulator/client/embedded-aws';
import { deploymentProblem } from './deployment-problem';
import { DIGITS } from './digits';
import { modelNameOf } from './model-name';
import type { DemoOptions } from './options';
import type { Progress } from './progress';
import type { StackOutputs } from './stack-outputs';

const EXAMPLE_APP = 'bin/app.ts';

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

  /**
   * Deploys a stack, shows the progress of CloudFormation and the build, and returns the stack's outputs.
   *
   * @param app from the repository's root; the example app gets the model of the options
   */
  public async deploy(stack: string, endpointContext: Record<string, string> = {}, app = EXAMPLE_APP): Promise<StackOutputs> {
    const { emulator, progress } = this;
    const outputsFile = join(this.work, `${stack}-outputs.json`);
    const context = app === EXAMPLE_APP ? { ...this.modelContext(), ...endpointContext } : endpointContext;
    const { code, output } = await this.noteBuilds(() => emulator.cdk([
      'deploy', stack, '--exclusively', '--require-approval', 'never', '--progress', 'events',
      '--output', join(this.work, 'cdk.out'), '--outputs-file', outputsFile,
      // Call tsx without npx, which takes a second of processor time.
      '--app', `node node_modules/tsx/dist/cli.mjs ${app}`,
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
  public async noteBuilds<T>(work: () => Promise<T>): Promise<T> {
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

  /** Writes a file to an object, and returns the object's version; an empty text where the bucket keeps none. */
  public async upload(bucket: string, key: string, file: string): Promise<string> {
    return (await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: readFileSync(file) }))).VersionId ?? '';
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
    const { model, data, inputShapes } = this.options;
    return {
      model: model ?? join(DIGITS, 'saved_model'),
      ...(model ? { modelName: modelNameOf(model), ...(data ? { data } : {}) } : { data: join(DIGITS, 'evaluation.npz') }),
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
