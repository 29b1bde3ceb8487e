import type { Server } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';

const ACCOUNT = '111122223333';

/** An AWS whose stacks have these templates, as far as `cdk refactor --dry-run` asks for them. */
export class DeployedStacks {
  public static async start(templates: Record<string, unknown>): Promise<DeployedStacks> {
    const created = new DeployedStacks(templates);
    await new Promise<void>((done) => created.server.listen(0, '127.0.0.1', done));
    return created;
  }

  private readonly server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const asked = new URLSearchParams(body);
      const action = asked.get('Action') ?? '';
      const result = this.answer(action, asked.get('StackName') ?? '');
      // Large templates are put into the bootstrap bucket.
      response.writeHead(result === undefined && request.method !== 'PUT' ? 400 : 200, { 'content-type': 'text/xml' })
        .end(result === undefined ? undefined : `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`);
    });
  });

  private constructor(private readonly templates: Record<string, unknown>) {}

  public get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }

  private answer(action: string, stackName: string): string | undefined {
    switch (action) {
      case 'GetCallerIdentity': return `<Account>${ACCOUNT}</Account><Arn>arn:aws:iam::${ACCOUNT}:user/u</Arn><UserId>u</UserId>`;
      case 'AssumeRole': return '<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>'
        + '<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>';
      case 'ListStacks': return `<StackSummaries>${Object.keys(this.templates).map((name) => `<member>${stack(name)}</member>`).join('')}</StackSummaries>`;
      case 'GetTemplate': return `<TemplateBody>${escaped(JSON.stringify(this.templates[stackName]))}</TemplateBody>`;
      case 'DescribeStacks': return `<Stacks><member>${stack('CDKToolkit')}<Outputs>${output('BucketName', 'assets')}${output('BucketDomainName', 'assets')}`
        + `${output('BootstrapVersion', '30')}</Outputs></member></Stacks>`;
      default: return undefined;
    }
  }
}

function stack(name: string): string {
  return `<StackName>${name}</StackName><StackId>arn:aws:cloudformation:eu-central-1:${ACCOUNT}:stack/${name}/1</StackId>`
    + '<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>';
}

function output(key: string, value: string): string {
  return `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
