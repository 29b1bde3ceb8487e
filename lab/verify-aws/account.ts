import { spawn } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { CloudFormationClient, DeleteStackCommand, DescribeStackEventsCommand, DescribeStackResourcesCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { BatchGetBuildsCommand, CodeBuildClient, ListBuildsForProjectCommand, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { DeleteLayerVersionCommand, GetAliasCommand, GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteBucketCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { callAws } from '../../cli/aws/signed-request';
import { ROOT } from '../../scripts/repository';
import type { Answer } from '../demo/server';
import { eventually } from './eventually';

const BUILD_SECONDS = 3600;
const DELETE_SECONDS = 1800;

export const APP = `npx tsx ${join('lab', 'verify-aws', 'app.ts')}`;

/** Exit code and output of `cdk`. */
export interface CdkResult {
  readonly code: number;
  readonly output: string;
}

/** Physical IDs of resources that a stack ever created and may leave behind. */
export interface Made {
  readonly buckets: string[];
  readonly layerVersions: string[];
  readonly logGroups: { readonly logicalId: string; readonly name: string }[];
}

/** A resource that CloudFormation could not delete. */
export interface Stuck {
  readonly logicalId: string;
  readonly type: string;
  readonly id: string;
  readonly reason: string;
}

/** The account of the environment's credentials. Clients read Region, credentials and endpoint from the environment, as every AWS tool does. */
export class Account {
  private readonly work = mkdtempSync(join(tmpdir(), 'verify-aws-'));
  private readonly s3 = new S3Client({ forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL) });
  private readonly codebuild = new CodeBuildClient();
  private readonly lambda = new LambdaClient();
  private readonly cloudFormation = new CloudFormationClient();

  /** @param context Context values of lab/verify-aws/app.ts for every deployment. */
  constructor(private readonly context: Record<string, string> = {}) {
    process.once('exit', () => rmSync(this.work, { recursive: true, force: true }));
  }

  /** Returns account and Region from the CDK's bootstrap stack. Throws without credentials, or without `cdk bootstrap`. */
  public async identity(): Promise<{ account: string; region: string }> {
    const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));
    const [, , , region, account] = Stacks![0].StackId!.split(':');
    return { account, region };
  }

  /** Deploys a stack of lab/verify-aws/app.ts. Does not throw if the deployment fails. */
  public deploy(stack: string, context: Record<string, string> = {}): Promise<CdkResult> {
    return this.cdk([
      'deploy', stack, '--exclusively', '--require-approval', 'never', '--progress', 'events', '--outputs-file', this.outputsFile(stack), ...contextArguments({ ...this.context, ...context }),
    ]);
  }

  public destroy(stack: string): Promise<CdkResult> {
    return this.cdk(['destroy', stack, '--exclusively', '--force']);
  }

  /** Outputs of the last successful deployment. */
  public outputs(stack: string): Record<string, string> {
    return (JSON.parse(readFileSync(this.outputsFile(stack), 'utf8')) as Record<string, Record<string, string>>)[stack];
  }

  /** Outputs that a stack has now, also by an update that was not a deployment. */
  public async currentOutputs(stack: string): Promise<Record<string, string>> {
    const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
    return Object.fromEntries(Stacks![0].Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey!, OutputValue!]));
  }

  /** Returns a stack's status, or undefined if it does not exist. Throws if the status is unknown. */
  public async status(stack: string): Promise<string | undefined> {
    return this.orAbsent(this.cloudFormation.send(new DescribeStacksCommand({ StackName: stack })).then(({ Stacks }) => Stacks?.[0].StackStatus));
  }

  /**
   * Returns what a stack ever created, even in a failed deployment. Call it before the stack is destroyed: afterwards its name cannot be resolved.
   */
  public async made(stack: string): Promise<Made> {
    const found = new Map<string, { type: string; logicalId: string }>();
    let NextToken: string | undefined;
    do {
      const page = await this.orAbsent(this.cloudFormation.send(new DescribeStackEventsCommand({ StackName: stack, NextToken })));
      for (const { PhysicalResourceId: id, ResourceType: type = '', LogicalResourceId: logicalId = '' } of page?.StackEvents ?? []) {
        if (id) {
          found.set(id, { type, logicalId });
        }
      }
      NextToken = page?.NextToken;
    } while (NextToken);
    const ids = (wanted: string) => [...found].filter(([, { type }]) => type === wanted);
    return {
      buckets: ids('AWS::S3::Bucket').map(([id]) => id),
      layerVersions: ids('AWS::Lambda::LayerVersion').map(([id]) => id),
      logGroups: ids('AWS::Logs::LogGroup').map(([name, { logicalId }]) => ({ logicalId, name })),
    };
  }

  /** Returns the resources that CloudFormation could not delete. */
  public async stuck(stack: string): Promise<Stuck[]> {
    const { StackResources = [] } = await this.cloudFormation.send(new DescribeStackResourcesCommand({ StackName: stack }));
    return StackResources.filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_FAILED').map((resource) => ({
      logicalId: resource.LogicalResourceId!, type: resource.ResourceType!, id: resource.PhysicalResourceId ?? '', reason: resource.ResourceStatusReason ?? '',
    }));
  }

  /** Deletes a stack whose deletion failed, without the resources that resist, and returns its status: undefined once it is gone. */
  public async abandon(stack: string, logicalIds: string[]): Promise<string | undefined> {
    await this.cloudFormation.send(new DeleteStackCommand({ StackName: stack, RetainResources: logicalIds }));
    await eventually(DELETE_SECONDS, async () => (((await this.status(stack)) === 'DELETE_IN_PROGRESS') ? undefined : true));
    return this.status(stack);
  }

  public async logLines(logGroup: string, region: string): Promise<string[]> {
    const { events } = await callAws<{ events: { message: string; logStreamName?: string }[] }>(
      { region }, 'logs', 'Logs_20140328.FilterLogEvents', { logGroupName: logGroup, limit: 200 });
    return events.slice(-20).map(({ message, logStreamName = '' }) => `${logStreamName} ${message}`.trim());
  }

  public async builds(project: string): Promise<number> {
    let count = 0;
    let nextToken: string | undefined;
    do {
      const page = await this.codebuild.send(new ListBuildsForProjectCommand({ projectName: project, nextToken }));
      count += page.ids?.length ?? 0;
      nextToken = page.nextToken;
    } while (nextToken);
    return count;
  }

  /** Returns the version that a function's alias `live` names, and its runtime. */
  public async live(functionName: string): Promise<{ version: string; runtime: string }> {
    const { FunctionVersion: version } = await this.lambda.send(new GetAliasCommand({ FunctionName: functionName, Name: 'live' }));
    const { Runtime: runtime } = await this.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName, Qualifier: version }));
    return { version: version!, runtime: runtime! };
  }

  public async text(bucket: string, key: string): Promise<string> {
    return (await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body!.transformToString();
  }

  /** Writes an object, and returns its version. */
  public async write(bucket: string, key: string, content: Buffer): Promise<string> {
    return (await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }))).VersionId!;
  }

  /** Returns up to a thousand keys of a bucket. */
  public async keys(bucket: string, prefix: string): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key }) => Key!);
  }

  /** Runs a build, and returns its status. */
  public async build(project: string): Promise<string> {
    const { build } = await this.codebuild.send(new StartBuildCommand({ projectName: project }));
    return eventually(BUILD_SECONDS, async () => {
      const { builds } = await this.codebuild.send(new BatchGetBuildsCommand({ ids: [build!.id!] }));
      return builds![0].buildComplete ? builds![0].buildStatus : undefined;
    });
  }

  /** Invokes a function, and returns its answer as text. */
  public async invoke(name: string, payload: unknown): Promise<string> {
    const { Payload } = await this.lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload) }));
    return Buffer.from(Payload!).toString('utf8');
  }

  /** Invokes a function, and returns the milliseconds that Lambda's log says it took; none if the answer has no log. */
  public async duration(name: string, payload: unknown): Promise<number[]> {
    const { LogResult = '' } = await this.lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload), LogType: 'Tail' }));
    const [, milliseconds] = /\bDuration: ([\d.]+) ms/.exec(Buffer.from(LogResult, 'base64').toString('utf8')) ?? [];
    return milliseconds === undefined ? [] : [Number(milliseconds)];
  }

  /** Returns the body of a message of a queue, or undefined if it has none yet. */
  public async receive(queueUrl: string): Promise<string | undefined> {
    const region = await this.lambda.config.region();
    const { Messages = [] } = await callAws<{ Messages?: { Body: string }[] }>({ region }, 'sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: queueUrl, WaitTimeSeconds: 5 });
    return Messages[0]?.Body;
  }

  public async exists(bucket: string, key: string): Promise<boolean> {
    return this.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).then(() => true, () => false);
  }

  /** Sends a request through the probe function. */
  public async probe(name: string, method: string, url: string, body?: unknown): Promise<Answer> {
    const { Payload, FunctionError } = await this.lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify({ method, url, body }) }));
    const text = Buffer.from(Payload!).toString('utf8');
    if (FunctionError) {
      throw new Error(`the probe failed: ${text}`);
    }
    return JSON.parse(text) as Answer;
  }

  /** Deletes a layer version that a destroyed stack retained. */
  public async removeLayerVersion(arn: string): Promise<void> {
    const [, layer, version] = /^(.+):(\d+)$/.exec(arn)!;
    await this.lambda.send(new DeleteLayerVersionCommand({ LayerName: layer, VersionNumber: Number(version) }));
  }

  /** Deletes a bucket that a destroyed stack retained, with every version in it. Ignores a bucket that is gone. */
  public async removeBucket(bucket: string): Promise<void> {
    for (;;) {
      const page = await this.s3.send(new ListObjectVersionsCommand({ Bucket: bucket })).catch((error: Error) => {
        if (error.name === 'NoSuchBucket') {
          return undefined;
        }
        throw error;
      });
      if (page === undefined) {
        return;
      }
      const { Versions = [], DeleteMarkers = [] } = page;
      const objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length === 0) {
        break;
      }
      const { Errors = [] } = await this.s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }));
      if (Errors.length > 0) {
        throw new Error(`${bucket} keeps ${Errors.length} objects, ${Errors[0].Key} first: ${Errors[0].Message}`);
      }
    }
    await this.s3.send(new DeleteBucketCommand({ Bucket: bucket }));
  }

  /** Returns CloudFormation's answer, or undefined if the stack does not exist. */
  private async orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: Error) => {
      if (error.message.includes('does not exist')) {
        return undefined;
      }
      throw error;
    });
  }

  private outputsFile(stack: string): string {
    return join(this.work, `${stack}.json`);
  }

  private cdk(args: string[]): Promise<CdkResult> {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args, '--app', APP, '--output', join(this.work, 'cdk.out')], {
      cwd: ROOT,
      env: { ...process.env, CI: 'true', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return new Promise((done, fail) => {
      child.on('error', fail);
      child.on('close', (code) => done({ code: code ?? 1, output }));
    });
  }
}

function contextArguments(context: Record<string, string>): string[] {
  return Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
