import { execFile, spawn } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';
import type { DeploymentCommand } from '../../cli/summaries';
import { SUMMARIES } from '../../cli/summaries';
import { AccountServer } from './account-server';
import { DeliveryServer } from './delivery-server';

const ROOT = resolve(__dirname, '..', '..');
const RECORDED = join(__dirname, 'recommend', 'recorded', 'digits.json');
// Each run starts Node.js, which takes long on a busy machine.
const PATIENCE = 240_000;

let work: string;
let program: string;
let account: AccountServer;
let delivery: DeliveryServer;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'exit-codes-'));
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts', 'package', 'command.mjs'), join(work, 'bundle')], { cwd: ROOT });
  program = join(work, 'bundle', 'cdk-tensorflow.js');
  writeFileSync(join(work, 'openapi.json'), JSON.stringify({ openapi: '3.1.0', info: { title: 'iris', version: '3' }, paths: {} }));
}, PATIENCE);

beforeEach(async () => {
  account = await AccountServer.start();
  delivery = await DeliveryServer.start();
});

afterEach(() => Promise.all([account.stop(), delivery.stop()]));

afterAll(() => rmSync(work, { recursive: true, force: true }));

const environment = (endpoint: string) => ({
  PATH: process.env.PATH, HOME: work, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'ENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret',
});

/** Runs the bundled command, and returns its exit code. */
async function codeOf(args: string[], variables: NodeJS.ProcessEnv = {}): Promise<number> {
  try {
    await promisify(execFile)(process.execPath, [program, ...args], { cwd: work, env: { ...environment(account.endpoint), ...variables } });
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

/** Runs `open` until it serves, and presses Ctrl-C. */
async function interrupted(): Promise<number> {
  const child = spawn(process.execPath, [program, 'open', `${account.endpoint}/v1/models/digits`], { env: environment(account.endpoint), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number>((end) => child.once('close', end));
  await new Promise<void>((serves) => child.stdout.on('data', (part: Buffer) => (String(part).includes('Ctrl-C') ? serves() : undefined)));
  child.kill('SIGINT');
  return ended;
}

const delivered = (...args: string[]) => codeOf(['delivery', ...args, '--stack', 'Delivery'], { AWS_ENDPOINT_URL: delivery.endpoint });
const recommended = (...args: string[]) => codeOf(['recommend', ...args]);

type Clauses = Record<string, (() => Promise<number>)[]>;

/** Runs that end as each clause of a command's help says. */
const CASES: Record<DeploymentCommand, Clauses> = {
  preflight: {
    '0 if nothing stands in the way': [() => codeOf(['preflight', '--path', 'function'])],
    '1 if something does': [() => codeOf(['preflight', '--path', 'function'], { AWS_REGION: undefined })],
    '2 if the options are wrong': [() => codeOf(['preflight', '--path', 'rocket']), () => codeOf(['preflight', '--rocket'])],
  },
  delivery: {
    '0 if all went well': [() => delivered('status'), () => delivered('history')],
    '1 if the delivery failed and everything is as before': [
      () => {
        delivery.next = { status: 'SUCCEEDED', output: { outcome: 'ROLLED_BACK', reason: 'the gate refused it' } };
        return delivered('promote', '--yes');
      },
    ],
    '2 if the options are wrong or AWS does not answer': [
      () => delivered('launch'),
      () => {
        delivery.denied = ['DescribeStateMachine'];
        return delivered('status');
      },
    ],
  },
  recommend: {
    '0 if a path serves as wanted': [() => recommended(RECORDED, '--rate', '50', '--p99', '100ms')],
    '1 if none does': [() => recommended(RECORDED, '--rate', '50', '--p99', '0.0001ms')],
    '2 if the options are wrong or the artifact has no figures': [
      () => recommended(RECORDED, '--rate', '50', '--p99', 'soon'), () => recommended(work, '--rate', '50', '--p99', '100ms'),
    ],
  },
  open: {
    '0 after Ctrl-C': [interrupted],
    '2 if the options are wrong or no credentials are found': [
      () => codeOf(['open', 'http://localhost:8501', '--rocket']),
      () => codeOf(['open', 'https://abc.lambda-url.eu-west-1.on.aws'], { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }),
    ],
  },
  openapi: {
    '0 if it was printed': [() => codeOf(['openapi', work])],
    '2 if it was not': [() => codeOf(['openapi']), () => codeOf(['openapi', join(work, 'bundle')])],
  },
  completion: {
    '0 if it was printed': [() => codeOf(['completion', 'bash'])],
    '2 if the shell is none of these': [() => codeOf(['completion', 'powershell'])],
  },
};

/** Returns the clauses about exit codes in a command's help. */
async function clausesOf(name: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, name, '--help'], { env: environment(account.endpoint) });
  const [, sentence] = /^Exit code: (.+?)\.(?:\s|$)/m.exec(stdout) ?? [];
  return sentence?.split(/, (?=\d )/) ?? [];
}

test.each(Object.keys(SUMMARIES) as DeploymentCommand[])('%s ends with the codes of its help, and its help names no other', async (name) => {
  const clauses = CASES[name];
  expect(await clausesOf(name)).toEqual(Object.keys(clauses));

  for (const [clause, runs] of Object.entries(clauses)) {
    const codes = [];
    for (const run of runs) {
      codes.push(await run());
    }
    expect([clause, ...codes]).toEqual([clause, ...runs.map(() => Number(clause[0]))]);
  }
}, PATIENCE);
