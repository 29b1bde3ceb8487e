import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { gunzipSync } from 'zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CommandResult } from '../emulator/client/embedded-aws';
import { EmbeddedAws } from '../emulator/client/embedded-aws';
import { standInDirectories } from '../stand_ins/serving-program';
import { bootstrapped, commonOptions } from './deployment';
import { byGrpc, HELD_OUT, likeliest } from './digits';
import { callQuery } from './requests';

const STACK = 'Fleet';

/** Way in which instances boot: `npm run test:machines` boots them under systemd. */
const INSTANCES = process.env.FLEET_INSTANCES ?? 'namespaces';

/** Outcomes of the requests that were sent while something else happened. */
export interface Meanwhile<T> {
  readonly result: T;
  readonly answered: number;
  readonly wrong: string[];
}

/** The embedded AWS, and the app of a fleet of digits that is deployed to it. */
export class FleetDeployment {
  public static async start(): Promise<FleetDeployment> {
    const options = [...commonOptions(), '--instances', INSTANCES, ...INSTANCES === 'systemd' ? standInDirectories().flatMap((path) => ['--share', path]) : []];
    const deployment = new FleetDeployment(await EmbeddedAws.start(options), mkdtempSync(join(tmpdir(), 'cdk-tensorflow-fleet-')));
    try {
      await bootstrapped(deployment.emulator);
    } catch (error) {
      await deployment.stop();
      throw error;
    }
    return deployment;
  }

  private outputs?: Readonly<Record<string, string>>;

  private constructor(public readonly emulator: EmbeddedAws, public readonly work: string) {}

  public async stop(): Promise<void> {
    await this.emulator.stop();
    rmSync(this.work, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }

  public deploy(context: Record<string, string>): Promise<CommandResult> {
    return this.cdk('deploy', context, '--require-approval', 'never', '--progress', 'events', '--outputs-file', join(this.work, 'outputs.json'));
  }

  public destroy(context: Record<string, string>): Promise<CommandResult> {
    return this.cdk('destroy', context, '--force');
  }

  /** The host and port that lead to a port of the load balancer. */
  public connect(port: number): Promise<string> {
    return this.emulator.connect(this.output('LoadBalancer'), port);
  }

  /** The captured requests that have arrived in their bucket, in any order. */
  public async captured(): Promise<{ request: any; answer: any; modelVersion: number }[]> {
    const [s3, Bucket] = [this.s3(), this.output('CaptureBucket')];
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'digits/' }));
    const objects = await Promise.all(Contents.map(async ({ Key }) => (
      gunzipSync(await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray()).toString())));
    return objects.flatMap((text) => text.trimEnd().split('\n').map((line) => JSON.parse(line)));
  }

  /** An output of the stack that no deployment changes. */
  public output(name: string): string {
    // Read once: during a deployment the file is rewritten, and may be incomplete.
    this.outputs ??= (JSON.parse(readFileSync(join(this.work, 'outputs.json'), 'utf8')) as Record<string, Record<string, string>>)[STACK];
    return this.outputs[name];
  }

  public async ask<T>(path: string, body?: unknown): Promise<T> {
    const response = await fetch(`http://${await this.connect(8501)}/v1/models/digits${path}`, {
      ...body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }, headers: { connection: 'close' },
    });
    if (!response.ok) {
      throw new Error(`${response.status}: ${await response.text()}`);
    }
    return await response.json() as T;
  }

  public async version(): Promise<string> {
    return (await this.ask<{ model_spec: { version: string } }>('/metadata')).model_spec.version;
  }

  public async decisions(images: number[][][][]): Promise<number[]> {
    const { predictions } = await this.ask<{ predictions: number[][] }>(':predict', { instances: images });
    return predictions.map(likeliest);
  }

  /** The ids of the instances of the fleet's groups. Without a canary, that group is empty. */
  public async instances(): Promise<{ canary: string[]; stable: string[] }> {
    const answer = await callQuery(this.emulator, 'autoscaling', { Action: 'DescribeAutoScalingGroups', Version: '2011-01-01' });
    const groups = answer.split('<AutoScalingGroupName>').slice(1);
    const ids = (isCanary: boolean) => groups.filter((group) => group.split('<')[0].includes('Canary') === isCanary)
      .flatMap((group) => [...group.matchAll(/<InstanceId>([^<]+)</g)].map(([, id]) => id));
    return { canary: ids(true), stable: ids(false) };
  }

  /** Changes a byte of LiteRT's library where a deployment of the LiteRT server has uploaded it to. */
  public async damageLibrary(): Promise<void> {
    const { account, region } = this.emulator;
    const { files } = JSON.parse(readFileSync(join(this.work, 'cdk.out', `${STACK}.assets.json`), 'utf8'));
    const [{ destinations }] = Object.values<any>(files).filter(({ displayName }) => /LiteRtServer-x86_64.*Library/.test(displayName));
    const [{ bucketName, objectKey }] = Object.values<any>(destinations);
    const object = { Bucket: bucketName.replace('${AWS::AccountId}', account).replace('${AWS::Region}', region), Key: objectKey };
    const s3 = this.s3();
    const library = await (await s3.send(new GetObjectCommand(object))).Body!.transformToByteArray();
    library[library.length - 1] ^= 1;
    await s3.send(new PutObjectCommand({ ...object, Body: library }));
  }

  /** Predicts one digit after the other while something else happens, and counts what goes wrong. */
  public async predictingMeanwhile<T>(
    action: () => Promise<T>, predict = async (image: number[][][]) => (await this.decisions([image]))[0],
  ): Promise<Meanwhile<T>> {
    let going = true;
    let answered = 0;
    const wrong: string[] = [];
    const loop = (async () => {
      for (let index = 0; going; index += 1) {
        const { image } = HELD_OUT[index % 20];
        try {
          answered += Number.isInteger(await predict(image)) ? 1 : 0;
        } catch (error) {
          wrong.push(String(error));
        }
        await new Promise((done) => setTimeout(done, 50));
      }
    })();
    try {
      return { result: await action(), answered, wrong };
    } finally {
      going = false;
      await loop;
    }
  }

  /** Sends predictions by gRPC during an action. The one channel keeps its connection for as long as the server does. */
  public async predictingOverOneChannel<T>(action: () => Promise<T>): Promise<Meanwhile<T>> {
    return await this.byGrpc((predict) => this.predictingMeanwhile(action, predict));
  }

  /** Decides digits by gRPC, over one channel. */
  public async byGrpc<T>(action: (decide: (image: number[][][]) => Promise<number>) => Promise<T>): Promise<T> {
    return byGrpc(await this.connect(8500), 'digits', action);
  }

  private s3(): S3Client {
    const { region, endpoint } = this.emulator;
    return new S3Client({ endpoint, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, forcePathStyle: true });
  }

  private cdk(command: string, context: Record<string, string>, ...args: string[]): Promise<CommandResult> {
    const given = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return this.emulator.cdk([command, STACK, '--app', 'node_modules/.bin/tsx lab/e2e/fleet-app.ts', '--output', join(this.work, 'cdk.out'), ...given, ...args]);
  }
}
