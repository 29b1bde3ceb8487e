import type { AccountAnswers } from '../../cli/preflight/answers';
import { preflight, reported } from '../../cli/preflight/checks';
import type { Needs } from '../../cli/preflight/needs';
import { SERVERS } from '../../cli/preflight/needs';
import { parsePreflightOptions } from '../../cli/preflight/options';
import { ModelServer } from '../../lib';

const PROCESSORS = 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances';
const BUILDS = 'Concurrently running builds for Linux/Large environment';
const ADDRESSES = 'EC2-VPC Elastic IPs';
const QUOTAS = 'servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas';

const needs: Needs = { stacks: ['VerifyService'], processors: 16, addresses: 1, image: true };

/** An account in which nothing stands in the way, but for what a test changes. */
function account(changes: Partial<AccountAnswers> = {}, quotas: Record<string, number> = {}): AccountAnswers {
  const values = { [PROCESSORS]: 64, [BUILDS]: 5, [ADDRESSES]: 5, ...quotas };
  return {
    bootstrapVersion: () => Promise.resolve(30),
    quotas: () => Promise.resolve(Object.entries(values).map(([QuotaName, Value]) => ({ QuotaName, Value }))),
    lambdaConcurrency: () => Promise.resolve({ limit: 1000, unreserved: 1000 }),
    zones: () => Promise.resolve('<item><zoneName>eu-west-1a</zoneName></item><item><zoneName>eu-west-1b</zoneName></item>'),
    addresses: () => Promise.resolve('<item><publicIp>192.0.2.1</publicIp></item>'),
    rollbackDisabled: () => Promise.resolve(undefined),
    image: () => Promise.resolve({ status: 200, pullsLeft: 100 }),
    ...changes,
  };
}

/** The facts of every account that no API tells. */
const UNKNOWABLE = /a new account may run none all the same$|pull from other addresses/;

const problems = async (answers: AccountAnswers, of = needs) =>
  (await preflight(answers, of)).filter(({ result, fact }) => result !== 'fine' && !UNKNOWABLE.test(fact)).map(({ result, fact, wayOut }) => `${result}: ${fact}: ${wayOut}`);

test('an account with room for everything has no problem, and each fact is printed', async () => {
  const findings = await preflight(account(), needs);
  expect(findings.filter(({ result }) => result !== 'unknown').map(({ result }) => result)).toEqual(Array(6).fill('fine'));
  expect(reported(findings)).toContain('  ✓ EC2 allows 64 virtual processors of the standard families, 16 are needed\n');
});

test.each<[string, AccountAnswers, RegExp]>([
  ['an old bootstrap stack', account({ bootstrapVersion: () => Promise.resolve(5) }), /^problem: cdk bootstrap has version 5, 6 or newer is needed: run `npx cdk bootstrap` again$/],
  ['an account without `cdk bootstrap`', account({ bootstrapVersion: () => Promise.resolve(undefined) }), /`cdk bootstrap` has not been run in this account and Region: run `npx cdk bootstrap`/],
  ['no large builds', account({}, { [BUILDS]: 0 }), /CodeBuild runs 0 builds at a time on the machine type Linux\/Large, 1 is needed: request a higher quota, .* or set computeType/],
  ['a new account of Lambda', account({ lambdaConcurrency: () => Promise.resolve({ limit: 10, unreserved: 5 }) }), /5 unreserved of 10 concurrent executions, 10 are needed/],
  ['one zone', account({ zones: () => Promise.resolve('<zoneName>us-west-1a</zoneName>') }), /1 Availability Zones \(us-west-1a\), 2 are needed/],
  ['few processors', account({}, { [PROCESSORS]: 5 }), /5 virtual processors .* 16 are needed: request a higher quota, L-1216C47A/],
  ['no address left', account({}, { [ADDRESSES]: 1 }), /1 of 1 Elastic IP addresses are in use, 1 more are needed/],
  ['an image that is not there', account({ image: () => Promise.resolve({ status: 404 }) }), /Docker Hub answers 404 for tensorflow\/serving:2.20.0 to this address: copy the image to ECR/],
  ['a stack whose rollback is disabled', account({ rollbackDisabled: () => Promise.resolve(true) }), /VerifyService exists, rollback disabled: .*--no-rollback, --express/],
])('%s is a problem, with the way out', async (_, answers, sentence) => {
  expect(await problems(answers)).toEqual([expect.stringMatching(sentence)]);
});

test.each([{ status: 200, pullsLeft: 100 }, { status: 200, pullsLeft: 0 }, { status: 429 }])(
  'whether builds and nodes may pull the image is not known from here: %j', async (answer) => {
    const found = (await preflight(account({ image: () => Promise.resolve(answer) }), needs)).find(({ subject }) => subject === "TensorFlow Serving's image");
    expect(found).toMatchObject({ result: 'unknown', fact: expect.stringContaining('pull from other addresses') as string, wayOut: expect.stringMatching(/ECR.*ModelServer\.LITERT/) as string });
    expect(reported([found!])).toMatch(/^ {2}\? Docker Hub answers/);
  });

test('a quota of builds that the account shows may not be the one that holds', async () => {
  const found = (await preflight(account(), needs)).find(({ subject }) => subject === 'the quota of builds');
  expect(found).toMatchObject({ result: 'unknown', wayOut: expect.stringMatching(/"Cannot have more than 0 builds", set computeType to a smaller machine/) as string });
});

describe('the zones in which EKS makes no cluster', () => {
  const zones = (...ids: [name: string, id: string][]) => account({
    zones: () => Promise.resolve(ids.map(([name, id]) => `<item><zoneName>${name}</zoneName><zoneState>available</zoneState><zoneId>${id}</zoneId></item>`).join('')),
  });
  const virginia = zones(['us-east-1c', 'use1-az1'], ['us-east-1a', 'use1-az3'], ['us-east-1b', 'use1-az2']);

  test('are named with the two to choose', async () => {
    expect(await problems(virginia, { ...needs, cluster: true })).toEqual([
      'problem: EKS makes no cluster in us-east-1a (use1-az3): give the example `-c zones=us-east-1b,us-east-1c`, and a network of your own no subnets for the cluster there',
    ]);
  });

  test('stand in the way of nothing else, and of no cluster in others', async () => {
    expect(await problems(virginia, needs)).toEqual([]);
    expect(await problems(virginia, { ...needs, cluster: true, zones: ['us-east-1b', 'us-east-1c'] })).toEqual([]);
    expect(await problems(zones(['us-east-1a', 'use1-az1'], ['us-east-1b', 'use1-az2'], ['us-east-1c', 'use1-az3']), { ...needs, cluster: true })).toEqual([]);
    expect(await problems(virginia, { ...needs, zones: ['us-east-1z'] })).toEqual([
      "problem: us-east-1z is none of the Region's Availability Zones (us-east-1a, us-east-1b, us-east-1c): choose two of them",
    ]);
  });
});

test('a fact that cannot be queried is unknown, and does not hide the rest', async () => {
  const denied = account({ quotas: () => Promise.reject(new Error('AccessDenied')), bootstrapVersion: () => Promise.resolve(1) });
  expect(await problems(denied)).toEqual([
    expect.stringMatching(/^problem: cdk bootstrap has version 1/),
    `unknown: the quota of builds could not be queried (AccessDenied): allow ${QUOTAS}, or check it yourself`,
    `unknown: the quota of processors could not be queried (AccessDenied): allow ${QUOTAS}, or check it yourself`,
    `unknown: the Elastic IP addresses could not be queried (AccessDenied): allow ${QUOTAS} and ec2:DescribeAddresses, or check it yourself`,
  ]);
  expect(await problems(account({}, { [BUILDS]: NaN }))).toHaveLength(1);
  expect(await problems(account({ quotas: () => Promise.resolve([]) }))).toContainEqual(
    expect.stringMatching(/^unknown: the quota of builds could not be queried \(Service Quotas lists no "Concurrently running builds for Linux\/Large"\)/));
});

test('a fleet needs room for two instances, a third during an update, and a canary of two', () => {
  const needed = parsePreflightOptions(['--path', 'fleet'])!.needs.processors;
  expect(needed).toBe(10);
});

test('a function alone needs no processors, no addresses and no image', async () => {
  const unasked = () => Promise.reject(new Error('asked'));
  const answers = account({ addresses: unasked, image: unasked }, { [PROCESSORS]: 0 });
  expect(await problems(answers, { stacks: ['VerifyFunction'], processors: 0, addresses: 0, image: false })).toEqual([]);
});

test.each([
  [{ buildMachine: 'small' }, 'Concurrently running builds for Linux/Small environment'],
  [{ buildMachine: '2xlarge' }, 'Concurrently running builds for Linux/2XLarge environment'],
  [{ architecture: 'arm64' }, 'Concurrently running builds for ARM/Large environment'],
] as const)('the quota of builds is that of the machine: %j', async (machine, quota) => {
  expect(await problems(account({}, { [quota]: 0 }), { ...needs, ...machine })).toEqual([expect.stringContaining(`request a higher quota, "${quota}"`)]);
  expect(await problems(account({}, { [quota]: 1, [BUILDS]: 0 }), { ...needs, ...machine })).toEqual([]);
});

test('the servers have the names of the library', () => {
  expect([...SERVERS].sort()).toEqual(Object.values(ModelServer).sort());
});
