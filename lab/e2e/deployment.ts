import { execFile } from 'child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CodeBuildClient, ListBuildsCommand } from '@aws-sdk/client-codebuild';
import { GetAliasCommand, GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CommandResult } from '../emulator/client/embedded-aws';
import { EmbeddedAws } from '../emulator/client/embedded-aws';
import type { Answer } from '../emulator/client/function-url';
import { callFunctionUrl } from '../emulator/client/function-url';
import { recordedCalls } from './grants/recording';

/** Seconds until a new role can be used: `npm run test:slow` deploys everything with as many as AWS may take. */
const ROLE_DELAY = Number(process.env.ROLE_DELAY ?? 0);

/** Bootstraps, and waits until the roles of that are known everywhere. */
export async function bootstrapped(emulator: EmbeddedAws): Promise<void> {
  await emulator.bootstrap();
  await new Promise((done) => setTimeout(done, 1000 * ROLE_DELAY));
}

/** Options of every embedded AWS of these tests. As on AWS, the first answer about a stack after an update may be an old one. */
export function commonOptions(): string[] {
  return [...recordedCalls(), '--role-delay', String(ROLE_DELAY), '--stale-answers'];
}

export const ROOT = resolve(__dirname, '..', '..');

/** Requests with the answers of the original model. */
export interface Expectation {
  readonly instances: number[][];
  readonly predictions: number[][];
}

/** The outputs of lab/e2e/app.ts. */
export interface Outputs {
  readonly Url: string;
  readonly FunctionName: string;
  readonly ArtifactBucket: string;
  readonly Version: string;
}

/** Returns the directory of the models. Training takes ten seconds: they are made once for a run, and each test file changes a copy. */
export async function models(): Promise<string> {
  const made = join(tmpdir(), 'e2e-models');
  if (!existsSync(made)) {
    const unfinished = mkdtempSync(`${made}-`);
    await promisify(execFile)(join(ROOT, '.tools', 'python', 'bin', 'python'), [join(__dirname, 'make_models.py'), unfinished]);
    try {
      renameSync(unfinished, made);
    } catch (error) {
      if (!existsSync(made)) {
        throw error;
      }
      // Another test file was quicker.
      rmSync(unfinished, { recursive: true });
    }
  }
  return made;
}

/** The embedded AWS, small models, and a test app deployed to the one with the other. */
export class Deployment {
  /**
   * @param app the app, from the repository's root; its stack has at least the outputs above.
   * @param options of the embedded AWS.
   */
  public static async start(app = 'lab/e2e/app.ts', options: string[] = []): Promise<Deployment> {
    const work = mkdtempSync(join(tmpdir(), 'cdk-tensorflow-e2e-'));
    cpSync(await models(), work, { recursive: true });
    const emulator = await EmbeddedAws.start([...commonOptions(), ...options]);
    const deployment = new Deployment(emulator, work, app);
    try {
      await bootstrapped(emulator);
    } catch (error) {
      await deployment.stop();
      throw error;
    }
    return deployment;
  }

  public readonly s3: S3Client;
  private readonly codebuild: CodeBuildClient;
  private readonly lambda: LambdaClient;
  private readonly cloudFormation: CloudFormationClient;

  private constructor(public readonly emulator: EmbeddedAws, private readonly work: string, private readonly app: string) {
    const client = { endpoint: emulator.endpoint, region: emulator.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.s3 = new S3Client({ ...client, forcePathStyle: true });
    this.codebuild = new CodeBuildClient(client);
    this.lambda = new LambdaClient(client);
    this.cloudFormation = new CloudFormationClient(client);
  }

  /** Absolute path of something that make_models.py made. */
  public file(name: string): string {
    return join(this.work, name);
  }

  public expectation(name: string): Expectation {
    return JSON.parse(readFileSync(this.file(`${name}.json`), 'utf8')) as Expectation;
  }

  public async deploy(stack: string, context: Record<string, string>): Promise<CommandResult> {
    // A file of its own: requests that are sent meanwhile read the outputs of the deployment before.
    const outputs = this.file('outputs-of-this-deployment.json');
    const result = await this.cdk('deploy', stack, context, ['--require-approval', 'never', '--progress', 'events', '--outputs-file', outputs]);
    if (result.code === 0) {
      renameSync(outputs, this.file('outputs.json'));
    }
    return result;
  }

  public destroy(stack: string, context: Record<string, string>): Promise<CommandResult> {
    return this.cdk('destroy', stack, context, ['--force']);
  }

  public diff(stack: string, context: Record<string, string>): Promise<CommandResult> {
    return this.cdk('diff', stack, context, []);
  }

  /** Outputs of the last successful deployment of a stack. */
  public outputs(stack: string): Outputs {
    return (JSON.parse(readFileSync(this.file('outputs.json'), 'utf8')) as Record<string, Outputs>)[stack];
  }

  public request(outputs: Outputs, method: string, path: string, body?: unknown): Promise<Answer> {
    return callFunctionUrl(outputs.Url, this.emulator.port, this.emulator.region, method, path, body);
  }

  public async predict(outputs: Outputs, instances: number[][]): Promise<number[][]> {
    const answer = await this.request(outputs, 'POST', '/v1/models/points:predict', { instances });
    if (answer.status !== 200) {
      throw new Error(`the function answered ${answer.status}: ${answer.body}`);
    }
    return (JSON.parse(answer.body) as { predictions: number[][] }).predictions;
  }

  /** Invokes the alias directly and returns the payload. */
  public async invoke(outputs: Outputs, payload: unknown): Promise<unknown> {
    const { Payload } = await this.lambda.send(new InvokeCommand({
      FunctionName: outputs.FunctionName, Qualifier: 'live', Payload: JSON.stringify(payload),
    }));
    return JSON.parse(Buffer.from(Payload!).toString('utf8'));
  }

  /** The version of the function that callers get. */
  public async liveVersion(outputs: Outputs): Promise<string> {
    return (await this.lambda.send(new GetAliasCommand({ FunctionName: outputs.FunctionName, Name: 'live' }))).FunctionVersion!;
  }

  /** Lambda's name of the runtime that the alias' version has. */
  public async runtime(outputs: Outputs): Promise<string | undefined> {
    return (await this.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: outputs.FunctionName, Qualifier: 'live' }))).Runtime;
  }

  /** Returns how many builds were ever started. */
  public async builds(): Promise<number> {
    return (await this.codebuild.send(new ListBuildsCommand({}))).ids?.length ?? 0;
  }

  public async keys(bucket: string): Promise<string[]> {
    const { Contents } = await this.s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    return (Contents ?? []).map(({ Key }) => Key!);
  }

  public async text(bucket: string, key: string): Promise<string> {
    return Buffer.from(await this.bytes(bucket, key)).toString('utf8');
  }

  public async bytes(bucket: string, key: string): Promise<Uint8Array> {
    return (await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body!.transformToByteArray();
  }

  /** Returns the object's version, or an empty text for a bucket that keeps none. */
  public async write(bucket: string, key: string, content: string | Uint8Array): Promise<string> {
    return (await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }))).VersionId ?? '';
  }

  public async remove(bucket: string, key: string): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  }

  /** The stack's status, or undefined when there is none. */
  public async status(stack: string): Promise<string | undefined> {
    try {
      return (await this.cloudFormation.send(new DescribeStacksCommand({ StackName: stack }))).Stacks?.[0]?.StackStatus;
    } catch {
      return undefined;
    }
  }

  public async stop(): Promise<void> {
    await this.emulator.stop();
    rmSync(this.work, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }

  private cdk(command: string, stack: string, context: Record<string, string>, args: string[]): Promise<CommandResult> {
    const all = Object.entries({ stack, ...context }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return this.emulator.cdk([
      command, stack, '--app', `node_modules/.bin/tsx ${this.app}`, '--output', this.file('cdk.out'), ...all, ...args,
    ]);
  }
}
