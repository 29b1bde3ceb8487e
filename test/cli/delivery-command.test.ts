import { deliveryCommand } from '../../cli/delivery/command';
import { DeliveryServer, MACHINE, version } from './delivery-server';

let aws: DeliveryServer;
let printed: string;
const environment = { ...process.env };

beforeEach(async () => {
  aws = await DeliveryServer.start();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.endpoint, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_EC2_METADATA_DISABLED: 'true',
  });
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(async () => {
  jest.restoreAllMocks();
  process.env = { ...environment };
  await aws.stop();
});

const run = (...args: string[]) => deliveryCommand([...args, '--stack', 'Delivery']);
const serveOf = (number: number) => {
  const { bucket, manifestKey, manifestSha256 } = version(number);
  return { serve: [{ bucket, manifestKey, manifestSha256 }] };
};

describe('status', () => {
  test('shows what serves, since when, from which upload, with the figures of its manifest', async () => {
    aws.delivered('0123456789-a', 1, undefined);
    aws.delivered('abcdef0123-b', 2, 1);

    expect(await run('status')).toBe(0);
    expect(printed).toBe([
      's3://uploads/digits.zip',
      'Newest upload: v2, 2026-01-01 00:00 UTC',
      'Delivered: v2',
      '',
      'STACK    MODEL   VERSION  SINCE                 BY        UPLOAD  FIGURES',
      'Serving  digits  2        2026-01-01 00:01 UTC  abcdef01  v2      float16, 0.94 MB, probabilities accuracy 0.9877, 1.23 ms',
      '',
    ].join('\n'));
  });

  test('shows errors of a regression, also one that is no finite number', async () => {
    aws.delivered('0123456789-a', 1, undefined);
    aws.outputs = { price: { meanAbsoluteError: 12.3456 }, weight: { meanAbsoluteError: 'Infinity' }, mass: { accuracy: null } };

    await run('status');
    expect(printed).toContain('float16, 0.94 MB, price error 12.35, weight error Infinity, 1.23 ms');
  });

  test('says that a deployment brought what no delivery did, with the time of the stack', async () => {
    aws.delivered('0123456789', 1, undefined);

    await run('status');
    expect(printed).toMatch(/Serving +digits +2 +2026-01-01 12:00 UTC +a deployment +v2/);
  });

  test('does not take the end of a delivery that was rolled back for the time of a version', async () => {
    aws.executions.push({ name: 'refused0', status: 'SUCCEEDED', output: { outcome: 'ROLLED_BACK', objectVersion: 'v3', reason: 'refused' } });
    aws.updated = '2026-01-01T00:00:20Z';

    await run('status');
    expect(printed).toMatch(/Serving +digits +2 +– +unknown +v2/);
  });

  test('does not end the time of a version by a delivery that changed nothing', async () => {
    aws.delivered('first-00', 1, undefined);
    aws.delivered('second-0', 2, 1);
    aws.delivered('third-00', 2, 2);

    await run('status');
    expect(printed).toMatch(/2026-01-01 00:01 UTC +second-0/);
  });

  test('tells of an upload that is not delivered, of a delivery that runs, and of a version that was gone back to', async () => {
    aws.uploads = ['v3', 'v2'];
    aws.serve = JSON.stringify(serveOf(1).serve);
    aws.executions.push({ name: 'running-1', status: 'RUNNING' });

    await run('status');
    expect(printed).toContain('Newest upload: v3, 2026-01-01 00:00 UTC, not delivered\n');
    expect(printed).toContain('Gone back to a published version; v2 is built again by the next delivery of an upload\n');
    expect(printed).toContain('A delivery runs: running-, since 2026-01-01 00:00 UTC\n');
  });

  test('goes without the figures where the role may not read manifests', async () => {
    aws.delivered('abcdef0123', 2, 1);
    aws.denied = ['GetObject'];

    expect(await run('status')).toBe(0);
    expect(printed).toMatch(/digits +2 .* v2 +no manifest to read/);
  });

  test('names a stack that was never deployed', async () => {
    aws.live = undefined;

    expect(await run('status')).toBe(0);
    expect(printed).toMatch(/Serving +– .*not deployed: cdk deploy Serving/);
  });

  test.each(['REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE'])('names a stack whose first deployment is not made: %s', async (status) => {
    aws.status = status;

    await run('status');
    expect(printed).toMatch(/Serving +– .*not deployed: cdk deploy Serving/);
  });

  test('is JSON on request', async () => {
    aws.delivered('abcdef0123', 2, 1);

    await run('status', '--json');
    expect(JSON.parse(printed)).toMatchObject({
      stateMachineArn: MACHINE, key: 'digits.zip', source: 'v2', serve: 'built', newest: { objectVersion: 'v2' },
      endpoints: [{ stack: 'Serving', model: 'digits', version: '2', objectVersion: 'v2', since: '2026-01-01T00:00:30.000Z', manifest: { sizeBytes: 940_000 }, served: version(2) }],
    });
  });
});

describe('history', () => {
  test('lists the newest first, with failures and their reasons, and leaves out what was superseded', async () => {
    aws.delivered('first-00', 2, 1);
    aws.executions.push(
      { name: 'late-000', status: 'SUCCEEDED', output: { outcome: 'SUPERSEDED' } },
      { name: 'refused0', status: 'SUCCEEDED', output: { outcome: 'ROLLED_BACK', objectVersion: 'v3', reason: 'the gate refused every candidate\nfloat16: too large' } },
      { name: 'stuck-00', status: 'FAILED', error: 'Stuck', cause: 'Serving: UPDATE_ROLLBACK_FAILED' },
    );

    expect(await run('history')).toBe(0);
    expect(printed.split('\n').slice(2, -1).map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'TIME', 'OUTCOME', 'UPLOAD', 'SERVED', 'LIVE', 'REASON'],
      ['stuck-00', '2026-01-01 00:03 UTC', 'FAILED', '–', 'built', '–', 'Serving: UPDATE_ROLLBACK_FAILED'],
      ['refused0', '2026-01-01 00:02 UTC', 'ROLLED_BACK', 'v3', 'built', '–', 'the gate refused every candidate'],
      ['first-00', '2026-01-01 00:00 UTC', 'DELIVERED', 'v2', 'built', 'Serving/digits 2'],
      ['before-first-00', 'before', 'DEPLOYED', '–', '–', 'Serving/digits 1'],
    ]);
  });

  test('says that an upload waits for the first deployment of the stacks', async () => {
    aws.executions.push({ name: 'early-00', status: 'SUCCEEDED', output: { outcome: 'DELIVERED', objectVersion: 'v1', skipped: ['Serving'], live: [] } });

    await run('history');
    expect(printed).toMatch(/early-00 .* WAITING +v1 .*for the first deployment of Serving, which builds the upload/);
  });

  test('says that an upload was refused and why, where KEEP_PREVIOUS made its update succeed', async () => {
    aws.delivered('first-00', 2, 1);
    aws.delivered('refused0', 2, 2);
    aws.delivered('third-00', 3, 2);
    aws.refusals = [{ reason: 'no candidate passed the gate', refusedAt: '2026-01-01T00:01:20Z' }, { reason: 'another', refusedAt: '2025-12-31T00:00:00Z' }];

    await run('history');
    expect(printed).toMatch(/refused0 .* REFUSED +v2 .* Serving\/digits 2 +no candidate passed the gate\n/);
    expect(printed.match(/ DELIVERED /g)).toHaveLength(2);
    expect(printed).not.toContain('another');

    aws.denied = ['ListObjects'];
    await run('history');
    expect(printed).toMatch(/refused0 .* DELIVERED /);
  });

  test('of nothing says so', async () => {
    await run('history');
    expect(printed).toBe('s3://uploads/digits.zip\n\nnothing was delivered yet\n');
  });
});

describe('rollback', () => {
  beforeEach(() => {
    aws.delivered('first-00', 1, undefined);
    aws.delivered('second-0', 2, 1);
  });

  test('only shows the change, with the manifest and its digest, without --yes', async () => {
    expect(await run('rollback')).toBe(0);
    expect(printed).toContain('Go back to Serving/digits 1, live by delivery first-00 of 2026-01-01 00:00 UTC\n');
    expect(printed).toContain(`s3://artifacts/digits-1a2b/litert/1/manifest.json, SHA-256 ${'1'.repeat(64)}\n`);
    expect(printed).toContain('Live now: Serving/digits 2\n');
    expect(printed).toContain('Nothing was changed: give --yes to make the change\n');
    expect(aws.inputs).toEqual([]);
  });

  test('names the manifest to the state machine, and waits for its end', async () => {
    aws.next = { status: 'SUCCEEDED', output: { outcome: 'DELIVERED', live: [version(1)] } };

    expect(await run('rollback', '--yes')).toBe(0);
    expect(aws.inputs).toEqual([serveOf(1)]);
    expect(printed).toMatch(/Live: Serving\/digits 1\n$/);
  });

  test('goes back to what a deployment had brought, before the first delivery', async () => {
    aws.executions.splice(0);
    aws.delivered('second-0', 2, 1);

    await run('rollback', '--yes', '--no-wait', '--json');
    expect(aws.inputs).toEqual([serveOf(1)]);
    expect(JSON.parse(printed)).toMatchObject({ executed: true, input: serveOf(1) });
  });

  test('goes back to a line of history', async () => {
    aws.delivered('third-00', 3, 2);
    aws.live = 3;

    await run('rollback', '--to', 'first-00', '--yes', '--no-wait');
    await expect(run('rollback', '--to', 'before-third', '--yes', '--no-wait')).rejects.toThrow('names nothing that was live');
    expect(aws.inputs).toEqual([serveOf(1)]);
  });

  test('of a version that a later deployment brought goes to the newest that was delivered', async () => {
    aws.live = 4;

    await run('rollback', '--yes', '--no-wait');
    expect(aws.inputs).toEqual([serveOf(2)]);
  });

  test.each([
    [['--to', 'nowhere'], /--to "nowhere" names nothing that was live: give one of second-0, first-00/],
    [['--to', 'second'], /--to "second" names what is live now: nothing to go back to/],
  ])('with %j is refused', async (args, message) => {
    await expect(run('rollback', '--yes', ...args)).rejects.toThrow(message);
    expect(aws.inputs).toEqual([]);
  });

  test('is refused where nothing else was live', async () => {
    aws.executions.splice(0);

    await expect(run('rollback')).rejects.toThrow('no other version is known to have been live, among 0 executions: look at more with --limit');
  });
});

describe('promote', () => {
  test('shows the newest upload and what it replaces', async () => {
    aws.source = 'v1';

    expect(await run('promote', '--dry-run')).toBe(0);
    expect(printed).toContain('Deliver upload v2 of 2026-01-01 00:00 UTC, instead of v1\n');
    expect(aws.inputs).toEqual([]);
  });

  test('says that a delivery runs, and not that what it tries is delivered', async () => {
    aws.executions.push({ name: 'running-1', status: 'RUNNING' });

    await run('promote');
    expect(printed).toContain('It begins after the delivery running-, which runs since 2026-01-01 00:00 UTC\n');
    expect(printed).not.toContain('It is delivered already');
  });

  test('says which stack to deploy where none was deployed yet', async () => {
    aws.next = { status: 'SUCCEEDED', output: { outcome: 'DELIVERED', objectVersion: 'v2', skipped: ['Serving'], live: [] } };

    expect(await run('promote', '--yes')).toBe(0);
    expect(printed).toContain('WAITING: for the first deployment of Serving, which builds the upload\nDeploy what serves: cdk deploy Serving\n');
  });

  test('delivers the upload that it has shown, or an older one', async () => {
    await run('promote', '--yes', '--no-wait');
    await run('promote', '--yes', '--no-wait', '--object-version', 'v1');
    expect(aws.inputs).toEqual([{ objectVersion: 'v2' }, { objectVersion: 'v1' }]);
  });

  test.each([
    ['rolled back', { status: 'SUCCEEDED', output: { outcome: 'ROLLED_BACK', reason: 'the gate refused it' } }, /ROLLED_BACK: the gate refused it\nEverything is as it was before/],
    ['stuck', { status: 'FAILED', error: 'Stuck', cause: 'Serving: UPDATE_ROLLBACK_FAILED' }, /FAILED: Serving: UPDATE_ROLLBACK_FAILED\nA person is needed/],
  ])('that is %s ends with 1, the reason and the way out', async (_, next, message) => {
    aws.next = next;

    expect(await run('promote', '--yes')).toBe(1);
    expect(printed).toMatch(message);
  });

  test('of a version that the bucket does not have lists those that it has', async () => {
    await expect(run('promote', '--object-version', 'v9', '--yes')).rejects.toThrow(/has no version "v9": give one of these\n +v2 .*\n +v1 /);
  });

  test('of nothing says where to upload', async () => {
    aws.uploads = [];
    await expect(run('promote')).rejects.toThrow('there is no model in s3://uploads/digits.zip: upload one, aws s3 cp MODEL s3://uploads/digits.zip');
  });
});

describe('requests that have trouble', () => {
  beforeEach(() => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    aws.delivered('first-00', 1, undefined);
  });

  test.each(['throttled', 'failing', 'lost'] as const)('are repeated where one is %s', async (trouble) => {
    aws.troubles = { ListExecutions: [trouble, trouble], DescribeExecution: [trouble] };

    expect(await run('history')).toBe(0);
    expect(printed).toContain('first-00');
  });

  test('do not end the wait for a delivery', async () => {
    aws.next = { status: 'SUCCEEDED', output: { outcome: 'DELIVERED', live: [version(2)] } };
    aws.troubles = { DescribeExecution: ['lost'] };

    expect(await run('promote', '--yes')).toBe(0);
    expect(printed).toMatch(/Live: Serving\/digits 2\n$/);
  });

  test('name the execution, of which Step Functions starts one however often a lost answer has it asked for', async () => {
    aws.troubles = { StartExecution: ['lost'] };

    await run('promote', '--yes', '--no-wait');
    expect(aws.names).toHaveLength(2);
    expect(aws.names[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(aws.names[1]).toBe(aws.names[0]);
  });

  test('end with the last answer where it does not pass', async () => {
    aws.troubles = { ListExecutions: Array(20).fill('throttled') };

    await expect(run('history')).rejects.toThrow(/ListExecutions: 400 .*ThrottlingException/);
    expect(aws.troubles.ListExecutions).toHaveLength(14);
  });
});

describe('problems', () => {
  test('a missing permission names the grant', async () => {
    aws.denied = ['ListExecutions'];
    await expect(run('history')).rejects.toThrow(/not authorized to perform ListExecutions[^]*delivery\.grantOperate\(role\)/);
  });

  test('a stack without a delivery, and one with two', async () => {
    aws.machines = [];
    await expect(run('status')).rejects.toThrow('the stack Delivery has no ModelDelivery');
    aws.machines = [MACHINE, `${MACHINE}-2`];
    await expect(run('status')).rejects.toThrow(new RegExp(`has 2 deliveries: give --state-machine\n  digits.zip: ${MACHINE}\n`));
    expect(await deliveryCommand(['status', '--state-machine', MACHINE])).toBe(0);
  });

  test('none is a stack of so many resources that CloudFormation lists them in several answers', async () => {
    aws.otherResources = 250;
    expect(await run('status')).toBe(0);
  });

  test('none is another state machine of the stack that may not be described, unless there is no delivery', async () => {
    aws.machines = [`${MACHINE}-other`, MACHINE];
    aws.deniedMachines = [`${MACHINE}-other`];
    expect(await run('status')).toBe(0);
    aws.deniedMachines = aws.machines;
    await expect(run('status')).rejects.toThrow(/not authorized to perform DescribeStateMachine[^]*delivery\.grantOperate\(role\)/);
  });

  test('another state machine, and one of a newer library', async () => {
    aws.definition = { States: { Other: {} } };
    await expect(deliveryCommand(['status', '--state-machine', MACHINE])).rejects.toThrow('is not the state machine of a ModelDelivery');
    aws.definition = { States: { Ask: { Assign: { settings: { schemaVersion: 2 } } } } };
    await expect(deliveryCommand(['status', '--state-machine', MACHINE])).rejects.toThrow('a newer library (schema 2)');
  });

  test.each<[string[], string]>([
    [[], 'the action must be one of status, history, promote, rollback, got none'],
    [['undo', '--stack', 'a'], 'got "undo"'],
    [['status'], 'give either --stack'],
    [['status', '--stack', 'a', '--state-machine', MACHINE], 'give either --stack'],
    [['status', '--state-machine', 'digits'], '--state-machine must be the ARN of a state machine, got "digits"'],
    [['status', '--stack', ''], '--stack must have a value, got ""'],
    [['status', '--stack', 'a', '--to', 'b'], '--to goes with rollback, and not with status'],
    [['rollback', '--stack', 'a', '--object-version', 'b'], '--object-version goes with promote, and not with rollback'],
    [['rollback', '--stack', 'a', '--yes', '--dry-run'], 'give one of them'],
    [['history', '--stack', 'a', '--limit', '0'], '--limit must be a whole number between 1 and 1000, got "0"'],
  ])('of %j are found', async (args, problem) => {
    await expect(deliveryCommand(args)).rejects.toThrow(problem);
  });

  test('are reported together, and --help is no problem', async () => {
    await expect(deliveryCommand(['undo', '--limit', 'x'])).rejects.toThrow(/the action must[^]*give either[^]*--limit must/);
    expect(await deliveryCommand(['--help'])).toBe(0);
    expect(printed).toMatch(/^Usage: cdk-tensorflow delivery <action>/);
  });
});
