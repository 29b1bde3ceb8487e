import { parseArgs } from 'util';
import { realAnswers } from '../../cli/preflight/account';
import { preflight, problemsIn, reported } from '../../cli/preflight/checks';
import { PATH_NEEDS } from '../../cli/preflight/needs';
import { readPrices } from '../../cli/recommend/prices';
import { ModelServer } from '../../lib';
import { costsOf } from '../demo/costs';
import { Account } from './account';
import { Checks } from './checks';
import { leftovers } from './leftovers';
import type { VerifiedPath } from './paths';
import { VERIFIED_PATHS } from './paths';
import { describe, removeStack } from './removal';
import { PathVerification } from './steps';
import { TRIALS } from './trials';
import type { Trial } from './trials/trial';

const HOURS_PER_MONTH = 730;
const SERVERS = Object.values(ModelServer);

const USAGE = `Usage: npm run verify:aws -- --yes [options]

Runs trials in the AWS account that the environment's credentials belong to, those first that cost least and tell most:
${TRIALS.map(({ name }) => name).join(', ')}. Then it deploys each path, replays the golden requests, updates, breaks a gate, rolls back, lets a
canary serve, and destroys; changes a function's runtime alone, and has its version fail a check twice. It takes about three hours for all,
and costs money. A step that fails ends no other. At the end it prints a report for an issue. What it deployed is gone afterwards, but for
CloudWatch's log groups; a stack that is left, also when you interrupt it, is named with the command that removes it.

  --yes             really do it; without it, the account, the stacks and the costs are printed and nothing is done
  --preflight       only ask what stands in the way: bootstrap version, quotas, zones, the server's image, rollback. Costs nothing
  --path PATH       ${[...TRIALS, ...VERIFIED_PATHS].map(({ name }) => name).join(', ')} or all; all when absent
  --server SERVER   ${SERVERS.join(' or ')}, of pods and instances; ${ModelServer.TENSORFLOW_SERVING} when absent
  --zones A,B       the Availability Zones of the stacks; the Region's first two when absent
  --prices FILE     prices of your own, as in cli/recommend/prices.json
  --keep            destroy nothing at the end
  --help            this text

Needed: credentials and a Region in the environment, and \`cdk bootstrap\` there.
`;

interface Chosen {
  readonly trials: readonly Trial[];
  readonly paths: readonly VerifiedPath[];
}

function chosen(name: string): Chosen {
  const of = <T extends { readonly name: string }>(all: readonly T[]) => all.filter((each) => name === 'all' || each.name === name);
  const found = { trials: of(TRIALS), paths: of(VERIFIED_PATHS) };
  if (found.trials.length + found.paths.length === 0) {
    throw new Error(`--path must be one of ${[...TRIALS, ...VERIFIED_PATHS].map((each) => each.name).join(', ')}, all, got ${JSON.stringify(name)}`);
  }
  return found;
}

function chosenServer(name: string): ModelServer {
  const server = SERVERS.find((candidate) => candidate === name);
  if (server === undefined) {
    throw new Error(`--server must be one of ${SERVERS.join(', ')}, got ${JSON.stringify(name)}`);
  }
  return server;
}

/** Tells whether the embedded AWS cannot run something, and says why. */
function isLeftOut(onlyOnAws: string | undefined): boolean {
  const isIt = onlyOnAws !== undefined && Boolean(process.env.AWS_ENDPOINT_URL);
  if (isIt) {
    process.stdout.write(`  left out of the embedded AWS: ${onlyOnAws}\n`);
  }
  return isIt;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      preflight: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      path: { type: 'string', default: 'all' },
      server: { type: 'string', default: ModelServer.TENSORFLOW_SERVING },
      zones: { type: 'string' },
      prices: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const { trials: all, paths } = chosen(values.path);
  const trials = all.filter(({ needs }) => needs === undefined || needs === values.server);
  const stacks = [...new Set([...trials.flatMap((trial) => trial.stacks), ...paths.map(({ stack }) => stack)])];
  const server = chosenServer(values.server);
  const prices = readPrices(values.prices);
  const hourly = (path: VerifiedPath) => costsOf(path.name, 1, prices).idleMonth / HOURS_PER_MONTH;
  const account = new Account({ server, ...values.zones && { zones: values.zones } });
  const { account: number, region } = await account.identity().catch((error: unknown) => {
    throw new Error(`no bootstrapped Region was found: set credentials and AWS_REGION, and run \`cdk bootstrap\` there (${describe(error)})`);
  });
  process.env.CDK_DEFAULT_ACCOUNT = number;
  process.env.CDK_DEFAULT_REGION = region;
  // Paths are verified one after the other.
  const most = (need: 'processors' | 'addresses') => Math.max(0, ...paths.map(({ name }) => PATH_NEEDS[name][need]));
  const findings = await preflight(realAnswers({ region }), {
    stacks, processors: most('processors'), addresses: most('addresses'),
    cluster: paths.some(({ name }) => name === 'service'), zones: values.zones?.split(','),
    image: server === ModelServer.TENSORFLOW_SERVING && paths.some(({ name }) => PATH_NEEDS[name].image),
  });
  const inTheWay = problemsIn(findings);
  const existing = (await Promise.all(stacks.map(async (stack) => ((await account.status(stack)) ? stack : [])))).flat();
  process.stdout.write([
    `Account ${number}, ${region}. Stacks: ${stacks.join(', ')}. Server of pods and instances: ${server}.`,
    ...trials.map(({ name }) => `  ${name.padEnd(9)}next to nothing`),
    ...paths.map((path) => `  ${path.name.padEnd(9)}${hourly(path).toFixed(2)} ${prices.currency} an hour${path.alsoPaid ? `, and ${path.alsoPaid}` : ''}`),
    `List prices of ${prices.region}, ${prices.asOf}; builds and requests come on top.`,
    '',
    reported(findings),
  ].join('\n'));
  if (values.preflight) {
    process.stdout.write(`${inTheWay} problem${inTheWay === 1 ? '' : 's'} found; nothing was deployed\n`);
    process.exitCode = inTheWay ? 1 : 0;
    return;
  }
  const missing = trials.filter(({ onlyOnAws }) => !onlyOnAws || !process.env.AWS_ENDPOINT_URL).flatMap((trial) => trial.missing?.() ?? []);
  if (missing.length > 0) {
    throw new Error(`nothing was done: ${missing.join('\n')}`);
  }
  if (inTheWay > 0) {
    throw new Error('nothing was done: remove what stands in the way first');
  }
  if (existing.length > 0) {
    throw new Error(`${existing.join(', ')} exists already: destroy it first, this would update and destroy it`);
  }
  if (!values.yes) {
    process.stdout.write('Nothing was done: say --yes to do it.\n');
    return;
  }
  const checks = new Checks();
  const tellLeft = async () => process.stdout.write((await leftovers(account, stacks)).map((line) => `${line}\n`).join(''));
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    // A second signal ends the process immediately.
    process.once(signal, () => {
      process.stdout.write(`\n${signal}: stopped.\n`);
      void tellLeft().finally(() => process.exit(code));
    });
  }
  for (const { name, means, onlyOnAws, run, stacks: deployed } of trials) {
    process.stdout.write(`\n${name}\n`);
    if (isLeftOut(onlyOnAws)) {
      continue;
    }
    checks.begin(name, means);
    await run({ account, checks, region }).catch((error: unknown) => checks.expect(`${name} was tried to the end`, false, describe(error)));
    for (const stack of values.keep ? [] : [...deployed].reverse()) {
      await removeStack(account, checks, stack).catch((error: unknown) => checks.expect(`${stack} is removed`, false, describe(error)));
    }
  }
  for (const path of paths) {
    process.stdout.write(`\n${path.name}\n`);
    if (isLeftOut(path.onlyOnAws)) {
      continue;
    }
    checks.begin(path.name, '');
    const started = Date.now();
    await new PathVerification(path, account, checks, region).run({ keep: values.keep }).catch((error: unknown) => {
      checks.expect(`${path.name} was verified to the end`, false, describe(error));
    });
    const hours = (Date.now() - started) / 3_600_000;
    process.stdout.write(`  ${(hours * 60).toFixed(0)} minutes, about ${(hours * hourly(path)).toFixed(2)} ${prices.currency}${path.alsoPaid ? ` besides ${path.alsoPaid}` : ''}\n`);
  }
  await tellLeft();
  const where = process.env.AWS_ENDPOINT_URL ? 'the embedded AWS' : region;
  process.stdout.write(`\nFor an issue:\n\n${checks.report(`verify:aws in ${where}, ${new Date().toISOString().slice(0, 10)}, server ${server}`)}\n`);
  process.exitCode = checks.failed ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
});
