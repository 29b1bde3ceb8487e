import { execFile } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';
import { AccountServer } from './account-server';

const ROOT = resolve(__dirname, '..', '..');
// Each run starts Node.js, which takes long on a busy machine.
const PATIENCE = 240_000;
const NONE = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_REGION: undefined };

let work: string;
let program: string;
let aws: AccountServer;

/** Runs the bundled command in an empty directory. */
async function run(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    PATH: process.env.PATH, HOME: work, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: 'ENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1', ...environment,
  };
  const cwd = mkdtempSync(join(work, 'empty-'));
  try {
    return { code: 0, ...await promisify(execFile)(process.execPath, [program, ...args], { cwd, env }) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'preflight-'));
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts', 'package', 'command.mjs'), join(work, 'bundle')], { cwd: ROOT });
  program = join(work, 'bundle', 'cdk-tensorflow.js');
}, PATIENCE);

beforeEach(async () => {
  aws = await AccountServer.start();
});

afterEach(() => aws.stop());

afterAll(() => rmSync(work, { recursive: true, force: true }));

test('the bundle is one program, with the page that it serves and the licences of what is in it', () => {
  expect(readdirSync(join(work, 'bundle')).sort()).toEqual(['THIRD-PARTY-LICENSES.txt', 'cdk-tensorflow.js', 'page.html']);
  expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(statSync(program).size).toBeLessThan(2_000_000);
  expect(statSync(program).mode & 0o111).toBe(0o111);
  const licences = readFileSync(join(work, 'bundle', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  expect(licences).toContain('@aws-sdk/client-lambda');
  expect(licences).toContain('Apache License');
});

test('an account with room for a function has no problem: exit code 0, and each fact with its value', async () => {
  const { code, stdout, stderr } = await run(['preflight', '--path', 'function']);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe([
    'Account 111122223333, eu-west-1; for function',
    '  ✓ cdk bootstrap has version 30, 6 or newer is needed',
    '  ? CodeBuild runs 1 builds at a time on the machine type Linux/Large, 1 is needed; a new account may run none all the same: '
      + 'if the first build fails with "Cannot have more than 0 builds", set computeType to a smaller machine, or ask AWS Support',
    '  ✓ Lambda has 1000 unreserved of 1000 concurrent executions, 10 are needed',
    '  ✓ there are 2 Availability Zones (eu-west-1a, eu-west-1b), 2 are needed',
    '0 problems found; nothing was changed',
    '',
  ].join('\n'));
}, PATIENCE);

test('what stands in the way ends with exit code 1, all at once, each with its value and the way out', async () => {
  aws.bootstrapVersion = undefined;
  aws.unreserved = 4;
  aws.applied = { 'Concurrently running builds for Linux/Large environment': 0 };

  const { code, stdout } = await run(['preflight', '--path', 'function', '--stack', 'Digits']);

  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ `cdk bootstrap` has not been run in this account and Region: run `npx cdk bootstrap`/);
  expect(stdout).toMatch(/✗ CodeBuild runs 0 builds at a time .*: request a higher quota/);
  expect(stdout).toMatch(/✗ Lambda has 4 unreserved of 1000 concurrent executions, 10 are needed: request a higher quota/);
  expect(stdout).toMatch(/✗ Digits exists, rollback disabled: .*destroy the stack, or deploy it without the option/);
  expect(stdout).toMatch(/\n4 problems found; nothing was changed\n$/);
}, PATIENCE);

test('--json prints the findings for programs, and a denied question is unknown and no problem', async () => {
  aws.denied = ['GetParameter'];

  const { code, stdout } = await run(['preflight', '--path', 'function', '--json']);

  const { account, region, findings, problems } = JSON.parse(stdout) as { findings: Record<string, string>[] } & Record<string, unknown>;
  expect({ code, account, region, problems }).toEqual({ code: 0, account: '111122223333', region: 'eu-west-1', problems: 0 });
  expect(findings.map(({ result }) => result)).toEqual(['unknown', 'unknown', 'fine', 'fine']);
  expect(findings[0]).toMatchObject({ subject: 'the version of `cdk bootstrap`', wayOut: 'allow ssm:GetParameter, or check it yourself' });
  expect(findings[2]).toEqual({
    subject: "Lambda's concurrency", result: 'fine', fact: 'Lambda has 1000 unreserved of 1000 concurrent executions, 10 are needed',
  });
}, PATIENCE);

test('a fleet and a service need what both need together, or what is given', async () => {
  const facts = async (...args: string[]) => (await run(['preflight', '--path', 'service', '--path', 'fleet', '--server', 'litert', ...args])).stdout;

  expect(await facts()).toMatch(/EC2 allows 64 virtual processors of the standard families, 26 are needed[^]*the Elastic IP addresses could not be queried/);
  const given = await facts('--processors', '65', '--addresses', '0');
  expect(given).toContain('✗ EC2 allows 64 virtual processors of the standard families, 65 are needed: request a higher quota');
  expect(given).not.toContain('Elastic IP');
}, PATIENCE);

test('--profile and --region decide over the environment', async () => {
  const config = join(work, 'config');
  writeFileSync(config, '[profile team]\nregion = eu-north-1\naws_access_key_id = TEAM\naws_secret_access_key = secret\n');
  const environment = { ...NONE, AWS_CONFIG_FILE: config };

  expect((await run(['preflight', '--path', 'function', '--profile', 'team'], environment)).stdout).toContain('Account 111122223333, eu-north-1;');
  expect((await run(['preflight', '--path', 'function', '--profile', 'team', '--region', 'eu-south-1'], { AWS_CONFIG_FILE: config })).stdout).toContain(', eu-south-1;');
  expect([...aws.signedFor]).toEqual(['TEAM eu-north-1', 'TEAM eu-south-1']);
}, PATIENCE);

test('without credentials, or without a Region, it says what to give', async () => {
  const unsigned = await run(['preflight'], { ...NONE, AWS_REGION: 'eu-west-1' });
  expect(unsigned.code).toBe(1);
  expect(unsigned.stdout).toMatch(/✗ eu-west-1 does not say whose credentials these are \(.+\): give --profile, set the credentials/);
  const nowhere = await run(['preflight'], NONE);
  expect(nowhere.code).toBe(1);
  expect(nowhere.stdout).toMatch(/✗ no Region was found \(.+\): give --region/);
}, PATIENCE);

test('wrong options are named all at once, with exit code 2; nothing is asked', async () => {
  const { code, stderr, stdout } = await run(['preflight', '--path', 'lambda', '--processors', 'many', '--compute-type', 'huge', '--region', '']);

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.split('\n')).toEqual([
    '--path must be one of function, service, fleet, got "lambda"',
    '--compute-type must be one of small, medium, large, xlarge, 2xlarge, got "huge"',
    '--processors must be a whole number from 0, got "many"',
    '--region must have a value, got ""',
    '`cdk-tensorflow preflight --help` prints the options',
    '',
  ]);
  expect((await run(['preflight', '--nothing'])).code).toBe(2);
  expect(await run(['verifi'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^there is no command "verifi", but inspect, check, .*, verify, .*, delivery, recommend, open, openapi, completion\n$/),
  });
  expect(aws.signedFor.size).toBe(0);
}, PATIENCE);

test('the help names each option', async () => {
  const { code, stdout } = await run(['preflight', '--help']);

  expect(code).toBe(0);
  for (const option of ['path', 'stack', 'server', 'processors', 'addresses', 'compute-type', 'architecture', 'qualifier', 'region', 'profile', 'json']) {
    expect(stdout).toContain(`\n  --${option} `);
  }
  expect((await run(['preflight', '-h'])).stdout).toBe(stdout);
}, PATIENCE);
