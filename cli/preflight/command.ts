import { wayOutOfNoAnswer } from '../aws/no-answer';
import { accountOf, realAnswers, regionOf } from './account';
import type { Finding } from './checks';
import { preflight, problemsIn, reported } from './checks';
import type { PreflightOptions } from './options';
import { parsePreflightOptions, USAGE } from './options';

interface Outcome {
  /** Undefined if it could not be asked. */
  readonly account?: string;
  readonly region?: string;
  readonly findings: readonly Finding[];
}

/** Runs `cdk-tensorflow preflight` and returns its exit code. Throws if the options are wrong. */
export async function preflightCommand(args: string[]): Promise<number> {
  const options = parsePreflightOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const outcome = await examined(options);
  const problems = problemsIn(outcome.findings);
  process.stdout.write(options.json ? `${JSON.stringify({ ...outcome, problems }, undefined, 2)}\n` : [
    outcome.account ? `Account ${outcome.account}, ${outcome.region}; for ${options.paths.join(', ')}\n` : '',
    reported(outcome.findings),
    `${problems} problem${problems === 1 ? '' : 's'} found; nothing was changed\n`,
  ].join(''));
  return problems > 0 ? 1 : 0;
}

async function examined({ region: given, profile, qualifier, needs }: PreflightOptions): Promise<Outcome> {
  const region = await found(() => regionOf({ region: given, profile }));
  if (region instanceof Error) {
    return {
      findings: [{
        subject: 'the Region', result: 'problem', fact: `no Region was found (${region.message})`,
        wayOut: 'give --region, set AWS_REGION, or write a region into the profile',
      }],
    };
  }
  const access = { region, profile };
  const account = await found(() => accountOf(access));
  if (account instanceof Error) {
    return {
      region,
      findings: [{
        subject: 'the account', result: 'problem', fact: `${region} does not say whose credentials these are (${account.message})`,
        wayOut: wayOutOfNoAnswer(account) ?? 'give --profile, set the credentials in the environment, or sign in again with `aws sso login`',
      }],
    };
  }
  return { account, region, findings: await preflight(realAnswers(access, qualifier), needs) };
}

async function found<T>(ask: () => Promise<T>): Promise<T | Error> {
  try {
    return await ask();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
