import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Stack } from 'aws-cdk-lib';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { hasNativeProgram } from '../../../lib/function/native-runtime-layer';
import type { CdkResult, Made, Stuck } from '../account';
import { Account } from '../account';
import { Checks } from '../checks';
import { anotherRuntime, failingCheckTwice } from '../function-questions';
import { leftovers } from '../leftovers';
import type { VerifiedPath } from '../paths';
import { processorFactor } from '../processor-factor';
import { PathVerification } from '../steps';
import { TRIALS } from '../trials';
import { FUNCTION, functionStack } from '../trials/stacks';

/** An account's answers unless a test overrides them: everything works. */
class FakeAccount {
  public readonly removed: string[] = [];
  public outcomes: CdkResult[] = [];
  public destroyed: CdkResult = { code: 0, output: '' };
  public made: () => Promise<Made> = () => Promise.resolve({
    buckets: ['models'], layerVersions: ['arn:aws:lambda:eu-central-1:1:layer:model:1', 'arn:aws:lambda:eu-central-1:1:layer:model:2'],
    logGroups: [{ logicalId: 'DigitsLogGroup1234', name: 'boot' }, { logicalId: 'DigitsOptimizerLog', name: 'builds' }],
  });

  public deploy = () => Promise.resolve(this.outcomes.shift() ?? { code: 0, output: '' });
  public destroy = () => Promise.resolve(this.destroyed);
  public status: (stack: string) => Promise<string | undefined> = () => Promise.resolve(undefined);
  public resisting: Stuck[] = [];
  public stuck = () => Promise.resolve(this.resisting);
  public abandoned?: string[];
  public outputs = (): Record<string, string> => ({ ArtifactBucket: 'models', ManifestKey: 'digits/saved_model/1/manifest.json', ProjectName: 'project' });
  public text = (_: string, key: string) => Promise.resolve(key.endsWith('manifest.json') ? '{"model": "digits"}' : '{"requests": [], "relativeTolerance": 1}');
  public builds = () => Promise.resolve(1);
  public exists = () => Promise.resolve(true);
  public versions = ['1'];
  public live = () => {
    const version = this.versions.length > 1 ? this.versions.shift()! : this.versions[0];
    return Promise.resolve({ version, runtime: version === '1' ? 'provided.al2023' : 'python3.13' });
  };

  public logLines = (group: string) => Promise.resolve([`${group}: the server does not stay up`]);

  public abandon(stack: string, ids: string[]): Promise<string | undefined> {
    this.abandoned = ids;
    return this.status(stack);
  }

  public removeBucket(bucket: string): Promise<void> {
    this.removed.push(bucket);
    return Promise.resolve();
  }

  public removeLayerVersion(arn: string): Promise<void> {
    this.removed.push(arn);
    return Promise.resolve();
  }
}

/** Verifies a path whose server gives these answers one after the other, and the last one again and again. */
async function verify(account: FakeAccount, answers: (number | Error)[] = [200]): Promise<string[]> {
  const lines: string[] = [];
  const path: VerifiedPath = {
    name: 'fleet',
    stack: 'VerifyFleet',
    alsoPaid: '',
    bootLog: 'DigitsLogGroup',
    connect: () => ({
      request: () => {
        const answer = answers.length > 1 ? answers.shift()! : answers[0];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ status: answer, body: '' });
      },
    }),
  };
  const verification = new PathVerification(path, account as unknown as Account, new Checks((line) => lines.push(line.trim())), 'eu-central-1', { seconds: 2, pauseSeconds: 0.01 });
  await verification.run({ keep: false }).catch((error: unknown) => lines.push(`aborted: ${String(error)}`));
  return lines;
}

test('a question that fails while the load balancer comes up ends nothing', async () => {
  const lines = await verify(new FakeAccount(), [new Error('the probe failed: timed out'), 0, 503, 200]);

  expect(lines).toContainEqual(expect.stringMatching(/^✓ the endpoint begins to answer/));
  expect(lines).not.toContainEqual(expect.stringMatching(/aborted: .*timed out/));
});

test('an endpoint that never answers is a check that failed, and everything is removed', async () => {
  const account = new FakeAccount();

  const lines = await verify(account, [new Error('timed out')]);

  expect(lines).toContainEqual('✗ the endpoint begins to answer: 0: Error: timed out');
  expect(lines).toContainEqual('✓ cdk destroy leaves no stack');
  expect(account.removed).toContain('models');
});

test('a first deployment that fails leaves neither its bucket nor its layers, and reports the instances\' own messages', async () => {
  const account = new FakeAccount();
  account.outcomes = [{ code: 1, output: 'failed' }];
  account.outputs = () => {
    throw new Error('no such file');
  };

  const lines = await verify(account);

  expect(lines.join('\n')).toContain('boot: the server does not stay up');
  expect(lines.join('\n')).not.toContain('builds: ');
  expect(account.removed.sort()).toEqual(['arn:aws:lambda:eu-central-1:1:layer:model:1', 'arn:aws:lambda:eu-central-1:1:layer:model:2', 'models']);
  expect(lines).toContainEqual(expect.stringMatching(/^✓ what it retained is removed/));
});

test('resources that cannot be removed are named, and no resource of an existing stack is touched', async () => {
  const account = new FakeAccount();
  account.removeBucket = () => Promise.reject(new Error('access denied'));
  expect(await verify(account)).toContainEqual('✗ what it retained is removed: models: access denied');

  const stuck = new FakeAccount();
  stuck.destroyed = { code: 1, output: 'DELETE_FAILED' };
  const lines = await verify(stuck);
  expect(lines).toContainEqual(expect.stringMatching(/^✗ what it retained is removed: models, arn:/));
  expect(stuck.removed).toEqual([]);
});

test('a stack of which one resource resists is deleted without it, which is named with what may hold it', async () => {
  const account = new FakeAccount();
  account.destroyed = { code: 1, output: 'DELETE_FAILED' };
  const statuses: (string | undefined)[] = ['DELETE_FAILED', undefined];
  account.status = () => Promise.resolve(statuses.length > 1 ? statuses.shift() : statuses[0]);
  account.resisting = [{ logicalId: 'Vpc1', type: 'AWS::EC2::VPC', id: 'vpc-1', reason: 'has dependencies and cannot be deleted' }];

  const lines = await verify(account, [new Error('timed out')]);

  expect(account.abandoned).toEqual(['Vpc1']);
  const named = /^✗ what resists is deleted by hand: AWS::EC2::VPC vpc-1 \(has dependencies .*GuardDuty Runtime Monitoring/;
  expect(lines).toContainEqual(expect.stringMatching(named));
  expect(lines).toContainEqual('✓ and the rest of its stack is gone');
  expect(account.removed).toContain('models');
});

test('a stack that does not go even so keeps its buckets', async () => {
  const account = new FakeAccount();
  account.destroyed = { code: 1, output: 'DELETE_FAILED' };
  account.status = () => Promise.resolve('DELETE_FAILED');
  account.resisting = [{ logicalId: 'Function1', type: 'AWS::Lambda::Function', id: 'f', reason: 'denied' }];

  const lines = await verify(account, [new Error('timed out')]);

  expect(lines).toContainEqual('✗ and the rest of its stack is gone');
  expect(lines.join('\n')).not.toContain('GuardDuty');
  expect(account.removed).toEqual([]);
});

test('the trial on arm64 asks for the program before anything is deployed, and its function cannot be another', async () => {
  const trial = TRIALS.find(({ name }) => name === 'arm64')!;
  const present = hasNativeProgram(lambda.Architecture.ARM_64);
  expect(trial.missing!()).toEqual(present ? [] : [expect.stringMatching(/no native runtime for arm64 .*npm run native -- build --processor arm64/)]);

  const app = new App({ context: { 'parts': 'arm64', 'aws:cdk:bundling-stacks': ['*'] } });
  const made = () => functionStack(app, { model: 'examples/digits/saved_model' });
  if (present) {
    made();
    const template = Template.fromStack(app.node.findChild(FUNCTION) as Stack);
    const functions = template.findResources('AWS::Lambda::Function', { Properties: { Architectures: ['arm64'] } });
    expect(Object.values(functions).map(({ Properties }) => Properties.Runtime)).toEqual(['provided.al2023']);
  } else {
    expect(made).toThrow(/there is no native runtime for arm64/);
  }
});

test('a step that fails to its end ends no other', async () => {
  const account = new FakeAccount();
  account.builds = () => Promise.reject(new Error('Rate exceeded'));

  const lines = await verify(account);

  expect(lines).toContainEqual('✗ the same deployment again, to the end: Rate exceeded');
  expect(lines).toContainEqual('✓ an update to another recipe succeeds');
  expect(lines).toContainEqual('✗ going back, to the end: Rate exceeded');
  expect(lines).toContainEqual('✓ cdk destroy leaves no stack');
});

test('the report has what failed, what that may mean, and no account', () => {
  const checks = new Checks(() => undefined);
  checks.begin('delivery', 'N7: the caller reads the parameters.');
  checks.expect('a stack is deployed', true);
  checks.expect('an upload becomes live', false, 'arn:aws:states:eu-west-1:111122223333:x\n  is denied');
  checks.begin('arm64', 'N1: LiteRT finds no processors.');
  checks.expect('a function predicts', true);

  expect(checks.report('verify:aws in eu-west-1')).toBe([
    '## verify:aws in eu-west-1', '', '### delivery', '- ✓ a stack is deployed', '- ✗ an upload becomes live: arn:aws:states:eu-west-1:<account>:x is denied', '',
    'N7: the caller reads the parameters.', '', '### arm64', '- ✓ a function predicts', '', '2 passed, 1 failed',
  ].join('\n'));
});

test('a stack is destroyed even if its resources are unknown', async () => {
  const account = new FakeAccount();
  account.made = () => Promise.reject(new Error('Rate exceeded'));

  const lines = await verify(account);

  expect(lines).toContainEqual('✗ what the stack made is known, so that what it retains can be removed: Rate exceeded');
  expect(lines).toContainEqual('✓ cdk destroy leaves no stack');
});

test('each remaining or unknown stack is named with the command that removes it', async () => {
  const answers: Record<string, () => Promise<string | undefined>> = {
    Gone: () => Promise.resolve(undefined),
    Left: () => Promise.resolve('DELETE_FAILED'),
    Unknown: () => Promise.reject(new Error('Rate exceeded')),
  };

  expect(await leftovers({ status: (stack) => answers[stack]() }, Object.keys(answers))).toEqual([
    'Left still exists (DELETE_FAILED) and costs. Remove it: npx cdk destroy Left --app "npx tsx lab/verify-aws/app.ts"',
    'Whether Unknown still exists is not known (Rate exceeded). Remove it: npx cdk destroy Unknown --app "npx tsx lab/verify-aws/app.ts"',
  ]);
});

describe('of CloudFormation\'s errors', () => {
  afterEach(() => jest.restoreAllMocks());

  test('only the one about a missing stack means that there is none', async () => {
    const send = jest.spyOn(CloudFormationClient.prototype, 'send') as unknown as jest.Mock;
    const account = new Account();

    send.mockRejectedValueOnce(new Error('Stack with id VerifyFleet does not exist'));
    expect(await account.status('VerifyFleet')).toBeUndefined();
    send.mockRejectedValueOnce(new Error('Rate exceeded'));
    await expect(account.status('VerifyFleet')).rejects.toThrow('Rate exceeded');
    send.mockRejectedValueOnce(new Error('Stack [VerifyFleet] does not exist'));
    expect(await account.made('VerifyFleet')).toEqual({ buckets: [], layerVersions: [], logGroups: [] });
  });

  test('all resources that a stack ever created are found in all pages of its events', async () => {
    const send = jest.spyOn(CloudFormationClient.prototype, 'send') as unknown as jest.Mock;
    const event = (ResourceType: string, LogicalResourceId: string, PhysicalResourceId?: string) => ({ ResourceType, LogicalResourceId, PhysicalResourceId });
    send.mockResolvedValueOnce({ StackEvents: [event('AWS::S3::Bucket', 'Bucket', 'models'), event('AWS::Lambda::LayerVersion', 'Layer', 'arn:layer:2')], NextToken: 'more' });
    send.mockResolvedValueOnce({
      StackEvents: [event('AWS::Lambda::LayerVersion', 'Layer', 'arn:layer:1'), event('AWS::S3::Bucket', 'Bucket'), event('AWS::Logs::LogGroup', 'Log', 'boot')],
    });

    expect(await new Account().made('VerifyFleet')).toEqual({
      buckets: ['models'], layerVersions: ['arn:layer:2', 'arn:layer:1'], logGroups: [{ logicalId: 'Log', name: 'boot' }],
    });
  });
});

describe("the factor of AWS's processors", () => {
  const measured = { schemaVersion: 1, model: 'digits', format: 'litert', architecture: 'x86_64', latencyMilliseconds: 2.4, extra: { processorMilliseconds: 2 } };
  const ask = async (durations: number[]): Promise<string[]> => {
    const lines: string[] = [];
    const account = Object.assign(new FakeAccount(), {
      text: (_: string, key: string) => Promise.resolve(JSON.stringify(key.endsWith('manifest.json') ? measured : { requests: [{ request: { instances: [[1]] } }] })),
      duration: () => Promise.resolve(durations.splice(0, 1)),
    });
    const checks = new Checks((line) => lines.push(line.trim()));
    await processorFactor({ account: account as unknown as Account, checks, stack: 'VerifyFunction', manifestKey: 'digits/litert/1/manifest.json' });
    return lines;
  };

  test('is the median of what Lambda says over what follows from the job', async () => {
    expect(await ask([...Array<number>(51).fill(3), ...Array<number>(49).fill(900)])).toEqual([
      '✓ Lambda says how long requests took: 3.00 ms, and 2.00 follow from the job: `cdk-tensorflow recommend --processor-factor 1.5`',
    ]);
  });

  test.each([
    ['REPORT RequestId: 1\tDuration: 1.25 ms\tBilled Duration: 2 ms\tMemory Size: 1769 MB\tInit Duration: 80.00 ms\n', [1.25]],
    ['', []],
  ])('is read from the end of the log: %j', async (log, durations) => {
    const send = jest.spyOn(LambdaClient.prototype, 'send').mockImplementation(() => Promise.resolve({ LogResult: Buffer.from(log).toString('base64') }));
    expect(await new Account().duration('digits:live', {})).toEqual(durations);
    send.mockRestore();
  });

  test('stays unknown where Lambda says nothing', async () => {
    expect(await ask([])).toEqual(['✓ Lambda does not say how long a request took, so `--processor-factor` stays unknown']);
  });
});

describe('the questions that only an account answers', () => {
  const ask = async (question: typeof anotherRuntime, account: FakeAccount): Promise<string[]> => {
    const lines: string[] = [];
    await question({ account: account as unknown as Account, checks: new Checks((line) => lines.push(line.trim())), stack: 'VerifyFunction' });
    return lines;
  };

  test('a runtime that changes alone is a new version', async () => {
    const account = new FakeAccount();
    account.versions = ['1', '2'];

    expect(await ask(anotherRuntime, account)).toEqual([
      '✓ a change of the runtime alone is deployed',
      '✓ and `live` names a new version with that runtime: version 1 (provided.al2023) before, 2 (python3.13) now',
    ]);
  });

  test('an alias that stays where it was is a check that failed', async () => {
    expect(await ask(anotherRuntime, new FakeAccount())).toContain(
      '✗ and `live` names a new version with that runtime: version 1 (provided.al2023) before, 1 (provided.al2023) now');
  });

  const failure = { code: 1, output: 'the version does not answer (this hook fails on purpose)' };
  const rolledBack = (): FakeAccount => {
    const account = new FakeAccount();
    account.status = () => Promise.resolve('UPDATE_ROLLBACK_COMPLETE');
    return account;
  };

  test('a version that fails its check fails again for the same reason', async () => {
    const account = rolledBack();
    account.outcomes = [failure, failure];

    const lines = await ask(failingCheckTwice, account);

    expect(lines).toHaveLength(5);
    expect(lines.every((line) => line.startsWith('✓'))).toBe(true);
  });

  test('a second attempt that fails for another reason is a check that failed', async () => {
    const account = rolledBack();
    account.outcomes = [failure, { code: 1, output: 'A version for this Lambda function exists ( 2 )' }];

    expect(await ask(failingCheckTwice, account)).toContain(
      '✗ the same change again ends for the same reason: A version for this Lambda function exists ( 2 )');
  });

  test('a version that goes live though its check failed is a check that failed', async () => {
    const account = rolledBack();
    account.outcomes = [failure, failure];
    account.versions = ['1', '2'];

    expect(await ask(failingCheckTwice, account)).toContain('✗ `live` names the version from before: version 1 before, 2 now');
  });
});
