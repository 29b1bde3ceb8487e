import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { createConnection } from 'net';
import { tmpdir } from 'os';
import { delimiter, join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..', '..').replace(/[\\/]build$/, '');
const TOOLS = join(ROOT, '.tools');
const START_TIMEOUT_MILLISECONDS = 60_000;

/** Result of a command. */
export interface CommandResult {
  readonly code: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** Options of the CDK's command line. */
export interface CdkOptions {
  /** Working directory; this repository's root by default. */
  readonly directory?: string;
  readonly onLine?: (line: string) => void;
  readonly environment?: Record<string, string>;
}

/** The launcher's output once it listens. */
interface ReadyFile {
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  readonly nodes: string;
}

/** A running embedded AWS, and the genuine CDK command line pointed at it. */
export class EmbeddedAws {
  /**
   * Starts one on a free port of the loopback interface and waits until it answers.
   *
   * @param options Further options of its command line.
   */
  public static async start(options: string[] = []): Promise<EmbeddedAws> {
    const state = mkdtempSync(join(tmpdir(), 'embedded-aws-'));
    const readyFile = join(state, 'ready.json');
    const args = ['-m', 'embedded_aws', '--port', '0', '--ready-file', readyFile, '--end-with-stdin', ...options];
    const child = spawn(join(TOOLS, 'emulator', 'bin', 'python'), args, {
      env: {
        ...process.env,
        PATH: [join(TOOLS, 'uv', 'bin'), process.env.PATH].join(delimiter),
        PYTHONPATH: join(ROOT, 'lab', 'emulator', 'src'),
        NODE_PATH: join(ROOT, 'lab', 'emulator', 'sdk', 'node_modules'),
      },
      // Nothing is written to its input: the pipe closes when this process ends, however it does, and then the embedded AWS ends.
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: a Ctrl-C in the terminal reaches us first, and we end it in order.
      detached: true,
    });
    let log = '';
    const keep = (chunk: Buffer) => (log = (log + chunk.toString()).slice(-200_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const emulator = new EmbeddedAws(child, state, () => log);
    try {
      await emulator.waitUntilReady(readyFile);
    } catch (error) {
      await emulator.stop();
      throw error;
    }
    return emulator;
  }

  private ready: ReadyFile = { endpoint: '', account: '', region: '', nodes: '' };

  private constructor(private readonly child: ChildProcess, private readonly state: string, public readonly log: () => string) {}

  public get endpoint(): string {
    return this.ready.endpoint;
  }

  public get port(): number {
    return Number(new URL(this.endpoint).port);
  }

  public get account(): string {
    return this.ready.account;
  }

  public get region(): string {
    return this.ready.region;
  }

  /** Nodes that run the pods of clusters, and why not real ones where `--nodes auto` found that it cannot have them. */
  public get nodes(): string {
    return this.ready.nodes;
  }

  /** The launcher's process id. */
  public get pid(): number {
    return this.child.pid!;
  }

  /** Environment variables that point any AWS client, the CDK's command line included, at this embedded AWS. */
  public get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: this.ready.region,
      AWS_DEFAULT_REGION: this.ready.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DEFAULT_ACCOUNT: this.ready.account,
      CDK_DEFAULT_REGION: this.ready.region,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    };
  }

  /** Runs the genuine `cdk` with these arguments, in `directory`. */
  public cdk(args: string[], options: CdkOptions = {}): Promise<CommandResult> {
    const inherited: NodeJS.ProcessEnv = { ...process.env };
    delete inherited.AWS_PROFILE;
    delete inherited.AWS_SESSION_TOKEN;
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args], {
      cwd: options.directory ?? ROOT,
      env: {
        ...inherited,
        ...this.environment,
        CI: 'true',
        NO_COLOR: '1',
        // Tests of the app validate its templates already; the validator would cost seconds of every run.
        CDK_VALIDATION: 'false',
        NODE_NO_WARNINGS: '1',
        PATH: [join(TOOLS, 'uv', 'bin'), process.env.PATH].join(delimiter),
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let partial = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      const lines = (partial + chunk.toString()).split('\n');
      partial = lines.pop()!;
      lines.forEach((line) => options.onLine?.(line));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    return new Promise((done, fail) => {
      child.on('error', fail);
      child.on('close', (code) => done({ code: code ?? 1, output }));
    });
  }

  /**
   * Returns the address of a load balancer's listener on this machine.
   *
   * @param dnsName The load balancer's DNS name.
   * @param port The listener's port.
   * @returns Host and port.
   */
  public async connect(dnsName: string, port: number): Promise<string> {
    const response = await fetch(`${this.endpoint}/_embedded_aws/load-balancers/${dnsName}/${port}`);
    if (!response.ok) {
      throw new Error(`the embedded AWS has no listener at port ${port} of ${dnsName}`);
    }
    const { host, port: loopbackPort } = await response.json() as { host: string; port: number };
    return `${host}:${loopbackPort}`;
  }

  /** Runs `cdk bootstrap`, away from any app, so that nothing is synthesized for it. */
  public async bootstrap(): Promise<void> {
    const { code, output } = await this.cdk(['bootstrap', `aws://${this.ready.account}/${this.ready.region}`], { directory: this.state });
    if (code !== 0) {
      throw new Error(`cdk bootstrap failed (${code}):\n${output}`);
    }
  }

  /** Ends it and everything that it started, and removes its files. */
  public async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = new Promise<void>((done) => this.child.once('exit', () => done()));
      this.child.kill('SIGTERM');
      const force = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
      await closed;
      clearTimeout(force);
    }
    // Programs that are ending may still write there.
    rmSync(this.state, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }

  private async waitUntilReady(readyFile: string): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MILLISECONDS;
    while (Date.now() < deadline) {
      if (this.child.exitCode !== null) {
        throw new Error(`the embedded AWS did not start (exit code ${this.child.exitCode}):\n${this.log()}`);
      }
      try {
        this.ready = JSON.parse(readFileSync(readyFile, 'utf8')) as ReadyFile;
        await connects(this.port);
        return;
      } catch {
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    throw new Error(`the embedded AWS did not answer within ${START_TIMEOUT_MILLISECONDS / 1000} s:\n${this.log()}`);
  }
}

function connects(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => {
      socket.end();
      done();
    });
    socket.on('error', fail);
  });
}
