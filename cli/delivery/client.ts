import { randomUUID } from 'crypto';
import { CloudFormationClient, DescribeStacksCommand, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { GetObjectCommand, ListObjectVersionsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { Kept } from '../../lib/private/documents/kept';
import type { Manifest } from '../../lib/private/documents/manifest';
import type { AwsAccess } from '../aws/signed-request';
import { callAws } from '../aws/signed-request';
import type { Delivery, ServingStack, Settings, Upload, Version } from './documents';
import { deliveryOf, settingsOf, versionsOf } from './documents';
import type { Refusal } from './refusals';
import { prefixOf } from './refusals';

const PAGE = 100;

type Described = Parameters<typeof deliveryOf>[0];

/** Client of one delivery's resources in AWS. `ModelDelivery.grantOperate` allows all of it, except to read manifests and refusals. */
export class DeliveryClient {
  /** Finds the delivery of a stack, or of a state machine. */
  public static async find(access: AwsAccess, { stack, stateMachine }: { stack?: string; stateMachine?: string }): Promise<DeliveryClient> {
    if (stateMachine !== undefined) {
      const settings = await settingsFor(access, stateMachine);
      if (settings === undefined) {
        throw new Error(`${stateMachine} is not the state machine of a ModelDelivery of this library's version: deploy its stack again, or look for the ARN in its resources`);
      }
      return new DeliveryClient(access, stateMachine, settings);
    }
    const machines: string[] = [];
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client: new CloudFormationClient(access) }, { StackName: stack })) {
      machines.push(...StackResourceSummaries.flatMap(({ ResourceType, PhysicalResourceId }) => (
        ResourceType === 'AWS::StepFunctions::StateMachine' && PhysicalResourceId ? [PhysicalResourceId] : [])));
    }
    const answers = await Promise.all(machines.map(async (arn) => ({ arn, ...await settingsUnlessDenied(access, arn) })));
    const found = answers.flatMap(({ arn, settings }) => (settings ? [{ arn, settings }] : []));
    const denied = answers.find(({ denied: error }) => error)?.denied;
    if (found.length === 0 && denied) {
      throw denied;
    }
    if (found.length === 0) {
      throw new Error(`the stack ${stack} has no ModelDelivery of this library's version: name the stack that has it, not one that serves, or deploy it again`);
    }
    if (found.length > 1) {
      throw new Error([`the stack ${stack} has ${found.length} deliveries: give --state-machine`, ...found.map(({ arn, settings }) => `  ${settings.key}: ${arn}`)].join('\n'));
    }
    return new DeliveryClient(access, found[0].arn, found[0].settings);
  }

  private readonly cloudFormation: CloudFormationClient;
  private readonly s3: S3Client;

  private constructor(private readonly access: AwsAccess, public readonly stateMachineArn: string, public readonly settings: Settings) {
    this.cloudFormation = new CloudFormationClient(access);
    // An endpoint of the environment has no name for each bucket.
    this.s3 = new S3Client({ ...access, forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
  }

  /** Returns the newest executions, the newest first. */
  public async deliveries(limit: number): Promise<Delivery[]> {
    const found: Described[] = [];
    let nextToken: string | undefined;
    do {
      const page: { executions: Described[]; nextToken?: string } = await this.states('ListExecutions', {
        stateMachineArn: this.stateMachineArn, maxResults: Math.min(PAGE, limit - found.length), nextToken,
      });
      found.push(...page.executions);
      nextToken = page.nextToken;
    } while (nextToken !== undefined && found.length < limit);
    const described: Delivery[] = [];
    // One after another: Step Functions answers 15 of these requests a second.
    for (const { executionArn } of found) {
      described.push(await this.delivery(executionArn));
    }
    return described;
  }

  public async delivery(executionArn: string): Promise<Delivery> {
    return deliveryOf(await this.states('DescribeExecution', { executionArn }));
  }

  /** Starts an execution, and returns its ARN. With a name, Step Functions starts one execution only if the request arrives twice. */
  public async start(input: object): Promise<string> {
    const { executionArn } = await this.states<{ executionArn: string }>('StartExecution', {
      stateMachineArn: this.stateMachineArn, name: randomUUID(), input: JSON.stringify(input),
    });
    return executionArn;
  }

  public async stacks(): Promise<ServingStack[]> {
    return Promise.all(this.settings.stackNames.map(async (name) => {
      try {
        const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
        const { StackStatus: status, LastUpdatedTime, CreationTime, Outputs = [] } = Stacks![0];
        return { name, status, updated: LastUpdatedTime ?? CreationTime, versions: versionsOf(name, Outputs, this.settings) };
      } catch (error) {
        if (error instanceof Error && error.message.includes('does not exist')) {
          return { name, versions: [] };
        }
        throw error;
      }
    }));
  }

  /** Returns what the two parameters say: which upload is built, and what is served instead. */
  public async parameters(): Promise<{ source: string; serve: string }> {
    const read = async (Name: string) => (await callAws<{ Parameter: { Value: string } }>(this.access, 'ssm', 'AmazonSSM.GetParameter', { Name })).Parameter.Value;
    const [source, serve] = await Promise.all([read(this.settings.sourceParameterName), read(this.settings.serveParameterName)]);
    return { source, serve };
  }

  /** Returns the uploads that the bucket keeps, the newest first; none if the newest was deleted. */
  public async uploads(): Promise<Upload[]> {
    const { bucket, key } = this.settings;
    const { Versions = [], DeleteMarkers = [] } = await this.s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, MaxKeys: 1000 }));
    if (DeleteMarkers.some(({ Key, IsLatest }) => Key === key && IsLatest)) {
      return [];
    }
    return Versions.filter(({ Key }) => Key === key).map(({ VersionId, LastModified }) => ({ objectVersion: VersionId!, uploaded: LastModified! }));
  }

  /** Returns the manifest of a version, or undefined if it may not be read or was deleted. */
  public async manifest({ bucket, manifestKey }: Version): Promise<Manifest | undefined> {
    try {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: manifestKey }));
      return JSON.parse(await Body!.transformToString()) as Manifest;
    } catch (error) {
      if (error instanceof Error && ['AccessDenied', 'NoSuchKey', 'NoSuchBucket'].includes(error.name)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Returns the refusals that deployments recorded beside the models of versions, by `<bucket>/<prefix>`; of none that may not be read. */
  public async refusals(versions: readonly Version[]): Promise<Map<string, Refusal[]>> {
    const models = new Map(versions.map((version) => [`${version.bucket}/${prefixOf(version)}`, { Bucket: version.bucket, Prefix: `${prefixOf(version)}/keys/` }]));
    return new Map(await Promise.all([...models].map(async ([name, place]): Promise<[string, Refusal[]]> => {
      try {
        const keys: string[] = [];
        for await (const { Contents = [] } of paginateListObjectsV2({ client: this.s3 }, place)) {
          keys.push(...Contents.map(({ Key }) => Key!).filter((key) => key.endsWith('/kept.json')));
        }
        const documents = await Promise.all(keys.map(async (Key) => {
          const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: place.Bucket, Key }));
          return JSON.parse(await Body!.transformToString()) as Kept;
        }));
        return [name, documents.flatMap(({ refusals }) => refusals)];
      } catch (error) {
        if (error instanceof Error && ['AccessDenied', 'NoSuchKey', 'NoSuchBucket'].includes(error.name)) {
          return [name, []];
        }
        throw error;
      }
    })));
  }

  private states<T>(action: string, body: object): Promise<T> {
    return callAws<T>(this.access, 'states', `AWSStepFunctions.${action}`, body);
  }
}

async function settingsFor(access: AwsAccess, stateMachineArn: string): Promise<Settings | undefined> {
  return settingsOf((await callAws<{ definition: string }>(access, 'states', 'AWSStepFunctions.DescribeStateMachine', { stateMachineArn })).definition);
}

/** A stack may have state machines that are no delivery's, or of a delivery that others operate. */
async function settingsUnlessDenied(access: AwsAccess, stateMachineArn: string): Promise<{ settings?: Settings; denied?: Error }> {
  try {
    return { settings: await settingsFor(access, stateMachineArn) };
  } catch (error) {
    if (error instanceof Error && error.message.includes('AccessDenied')) {
      return { denied: error };
    }
    throw error;
  }
}
