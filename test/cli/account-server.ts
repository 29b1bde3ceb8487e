import type { IncomingMessage, Server } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';

const PROCESSORS = 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances';
const BUILDS = 'Concurrently running builds for Linux/Large environment';

type Reply = [status: number, body: string];

const json = (value: unknown): Reply => [200, JSON.stringify(value)];

/** An AWS that answers what the preflight asks, by HTTP. */
export class AccountServer {
  public static async start(): Promise<AccountServer> {
    const created = new AccountServer();
    await new Promise<void>((done) => created.server.listen(0, '127.0.0.1', done));
    return created;
  }

  /** The access keys and the Regions that requests were signed for. */
  public readonly signedFor = new Set<string>();
  /** The version of the bootstrap stack; undefined: it does not exist. */
  public bootstrapVersion?: string = '30';
  public unreserved = 1000;
  /** The quotas that the account has changed. */
  public applied: Record<string, number> = {};
  /** Answers 403 to these actions. */
  public denied: string[] = [];
  private readonly server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const [, key, region] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
      this.signedFor.add(`${key} ${region}`);
      const action = actionOf(request, body);
      const [status, text] = this.denied.includes(action) ? [403, `AccessDenied: ${action}`] : this.answer(action, body);
      response.writeHead(status, { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/json' }).end(text);
    });
  });

  public get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }

  private answer(action: string, body: string): Reply {
    const quotas = (values: Record<string, number>) => json({ Quotas: Object.entries(values).map(([QuotaName, Value]) => ({ QuotaName, Value })) });
    switch (action) {
      case 'GetCallerIdentity': return [200, '<GetCallerIdentityResponse><Account>111122223333</Account></GetCallerIdentityResponse>'];
      case 'GetParameter': return this.bootstrapVersion === undefined ? [400, '{"__type":"ParameterNotFound"}'] : json({ Parameter: { Value: this.bootstrapVersion } });
      case 'ListServiceQuotas': return quotas(this.applied);
      // Answer in two pages.
      case 'ListAWSDefaultServiceQuotas': return body.includes('NextToken') ? quotas({ [PROCESSORS]: 64 }) : json({ Quotas: [{ QuotaName: BUILDS, Value: 1 }], NextToken: 'next' });
      case 'GetAccountSettings': return json({ AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: this.unreserved } });
      case 'DescribeAvailabilityZones': return [200, '<a><zoneName>eu-west-1a</zoneName><zoneName>eu-west-1b</zoneName></a>'];
      case 'DescribeStacks': return [200, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>Digits</StackName>
        <CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><DisableRollback>true</DisableRollback>
        </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`];
      default: return [404, `there is no ${action}`];
    }
  }
}

function actionOf({ url, headers }: IncomingMessage, body: string): string {
  if (url?.includes('/account-settings')) {
    return 'GetAccountSettings';
  }
  return (headers['x-amz-target'] as string | undefined)?.split('.')[1] ?? new URLSearchParams(body).get('Action') ?? '';
}
