import type { IncomingMessage, Server } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';

export const MACHINE = 'arn:aws:states:eu-west-1:111122223333:stateMachine:Delivery-Digits';
export const SERVE = '/cdk-tensorflow/Delivery-Digits/serve';
const SOURCE = '/cdk-tensorflow/Delivery-Digits/source';

/** Times in seconds since 1970, a minute apart. */
const START = Date.UTC(2026, 0, 1) / 1000;

/** A version of the model digits that the stack Serving serves. */
export function version(number: number): Record<string, string> {
  return {
    stack: 'Serving', model: 'digits', bucket: 'artifacts', manifestKey: `digits-1a2b/litert/${number}/manifest.json`, manifestSha256: `${number}`.repeat(64),
  };
}

/** An AWS with one delivery, by HTTP. */
export class DeliveryServer {
  public static async start(): Promise<DeliveryServer> {
    const created = new DeliveryServer();
    await new Promise<void>((done) => created.server.listen(0, '127.0.0.1', done));
    return created;
  }

  /** Executions, the oldest first. */
  public readonly executions: { name: string; status: string; output?: object; error?: string; cause?: string }[] = [];
  /** Inputs of the executions that were started. */
  public readonly inputs: object[] = [];
  /** Status that a started execution ends with. */
  public next: { status: string; output?: object; error?: string; cause?: string } = { status: 'SUCCEEDED', output: { outcome: 'DELIVERED', live: [] } };
  /** The number of the version that serves; undefined: the stack was never deployed. */
  public live?: number = 2;
  /** Status of the stack that serves. */
  public status = 'UPDATE_COMPLETE';
  public updated = '2026-01-01T12:00:00Z';
  public source = 'v2';
  public serve = 'built';
  /** Object versions, the newest first. */
  public uploads = ['v2', 'v1'];
  /** State machines of the stack Delivery. */
  public machines = [MACHINE];
  /** Number of other resources before the state machines. */
  public otherResources = 0;
  /** Definition of the state machines. */
  public definition: object = {
    States: { Ask: { Assign: { settings: { schemaVersion: 1, bucket: 'uploads', key: 'digits.zip', stackNames: ['Serving'], sourceParameterName: SOURCE, serveParameterName: SERVE } } } },
  };
  /** Content of a kept.json beside the model. */
  public refusals: { reason: string; refusedAt: string }[] = [];
  /** Figures of each output in a manifest. */
  public outputs: Record<string, object> = { probabilities: { accuracy: 0.98765, meanAbsoluteError: null } };
  /** Actions that are answered by 403. */
  public denied: string[] = [];
  /** State machines that may not be described. */
  public deniedMachines: string[] = [];
  /** Fate of the next requests for an action: they are throttled, answered by 500, or not answered at all. */
  public troubles: Record<string, ('throttled' | 'failing' | 'lost')[]> = {};
  /** Names of the executions that were asked for. */
  public readonly names: string[] = [];

  private readonly server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const action = actionOf(request, body);
      const trouble = this.troubles[action]?.shift();
      if (trouble === 'lost') {
        this.answer(action, body, request.url!);
        request.socket.destroy();
        return;
      }
      if (trouble !== undefined) {
        response.writeHead(trouble === 'failing' ? 500 : 400).end(JSON.stringify({ __type: trouble === 'failing' ? 'InternalFailure' : 'ThrottlingException' }));
        return;
      }
      const [status, text] = this.denied.includes(action) ? this.refuse(action) : this.answer(action, body, request.url!);
      response.writeHead(status, { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/json' }).end(text);
    });
  });

  public get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Adds an execution that delivered an upload, or went back to a version. */
  public delivered(name: string, live: number, before: number | undefined, more: object = {}): void {
    this.executions.push({
      name,
      status: 'SUCCEEDED',
      output: {
        outcome: 'DELIVERED', objectVersion: `v${live}`, serve: 'built', skipped: [], reason: '',
        before: before === undefined ? [] : [version(before)], live: [version(live)], ...more,
      },
    });
  }

  public stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }

  private refuse(action: string): [number, string] {
    const text = `User is not authorized to perform ${action}`;
    return ['GetObject', 'ListObjects'].includes(action) ? [403, `<Error><Code>AccessDenied</Code><Message>${text}</Message></Error>`]
      : [403, JSON.stringify({ __type: 'AccessDeniedException', message: text })];
  }

  private answer(action: string, body: string, url: string): [number, string] {
    const json = (value: unknown): [number, string] => [200, JSON.stringify(value)];
    switch (action) {
      case 'DescribeStateMachine': return this.deniedMachines.includes(JSON.parse(body).stateMachineArn) ? this.refuse(action) : json({ definition: JSON.stringify(this.definition) });
      case 'ListExecutions': return json({ executions: this.executions.map((_, index) => this.described(index)).reverse().slice(0, JSON.parse(body).maxResults) });
      case 'DescribeExecution': return json(this.described(this.executions.findIndex(({ name }) => JSON.parse(body).executionArn.endsWith(`:${name}`))));
      case 'StartExecution': {
        const { input, name } = JSON.parse(body);
        this.names.push(name);
        this.inputs.push(JSON.parse(input));
        this.executions.push({ name: 'started', ...this.next });
        return json({ executionArn: `${MACHINE.replace('stateMachine', 'execution')}:started` });
      }
      case 'GetParameter': return json({ Parameter: { Value: JSON.parse(body).Name === SERVE ? this.serve : this.source } });
      case 'ListStackResources': return this.listedResources(new URLSearchParams(body).get('NextToken'));
      case 'DescribeStacks': return this.describedStack();
      case 'ListObjectVersions': return [200, `<ListVersionsResult>${this.uploads.map((id, index) => (
        `<Version><Key>digits.zip</Key><VersionId>${id}</VersionId><IsLatest>${index === 0}</IsLatest><LastModified>2026-01-01T00:00:00Z</LastModified></Version>`)).join('')}</ListVersionsResult>`];
      case 'ListObjects': return [200, `<ListBucketResult>${this.refusals.length ? '<Contents><Key>digits-1a2b/keys/ab/kept.json</Key></Contents>' : ''}
        <Contents><Key>digits-1a2b/keys/ab/1.json</Key></Contents></ListBucketResult>`];
      case 'GetObject': return url.includes('/kept.json') ? json({ schemaVersion: 1, refusals: this.refusals }) : json({
        version: 1, candidate: 'float16', created: '2026-01-01T00:00:00Z', sizeBytes: 940_000, latencyMilliseconds: 1.234,
        source: { objectVersion: `v${/litert\/(\d+)\//.exec(url)![1]}` }, evaluation: { outputs: this.outputs },
      });
      default: throw new Error(`nothing asks for ${action}`);
    }
  }

  /** A page of the stack's resources: AWS returns 100 in each. */
  private listedResources(token: string | null): [number, string] {
    const resources = [
      ...Array.from({ length: this.otherResources }, () => ({ type: 'AWS::IAM::Role', id: 'role' })),
      ...this.machines.map((id) => ({ type: 'AWS::StepFunctions::StateMachine', id })),
    ];
    const start = Number(token ?? 0);
    return xml('ListStackResources', `<StackResourceSummaries>${resources.slice(start, start + 100).map(({ type, id }) => (
      `<member><ResourceType>${type}</ResourceType><PhysicalResourceId>${id}</PhysicalResourceId></member>`)).join('')}</StackResourceSummaries>${
      resources.length > start + 100 ? `<NextToken>${start + 100}</NextToken>` : ''}`);
  }

  private describedStack(): [number, string] {
    if (this.live === undefined) {
      return [400, '<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id Serving does not exist</Message></Error></ErrorResponse>'];
    }
    const { stack: _, ...served } = version(this.live);
    const output = (key: string, value: object) => `<member><OutputKey>${key}</OutputKey><OutputValue>${JSON.stringify(value)}</OutputValue></member>`;
    return xml('DescribeStacks', `<Stacks><member><StackName>Serving</StackName><StackStatus>${this.status}</StackStatus>
      <CreationTime>2026-01-01T00:00:00Z</CreationTime><LastUpdatedTime>${this.updated}</LastUpdatedTime><Outputs>
      ${this.status === 'UPDATE_COMPLETE' ? output('DigitsBuildDeliveredModel01', { delivery: SERVE, ...served }) : ''}${output('OtherBuildDeliveredModel02', { delivery: `${SERVE}r`, ...version(9) })}
      <member><OutputKey>Url</OutputKey><OutputValue>https://digits.example</OutputValue></member></Outputs></member></Stacks>`);
  }

  private described(index: number) {
    const { output, name, ...more } = this.executions[index];
    const isRunning = more.status === 'RUNNING';
    return {
      executionArn: `${MACHINE.replace('stateMachine', 'execution')}:${name}`, name, ...more,
      startDate: START + index * 60, stopDate: isRunning ? null : START + index * 60 + 30, output: output ? JSON.stringify(output) : null,
    };
  }
}

function xml(action: string, content: string): [number, string] {
  return [200, `<${action}Response><${action}Result>${content}</${action}Result></${action}Response>`];
}

function actionOf({ headers, url }: IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    return target.split('.')[1];
  }
  const action = new URLSearchParams(body).get('Action');
  const { searchParams } = new URL(url!, 'http://aws');
  return action ?? (searchParams.has('versions') ? 'ListObjectVersions' : searchParams.has('list-type') ? 'ListObjects' : 'GetObject');
}
