import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { AwsAccess } from '../aws/signed-request';
import { callAws, queryAws } from '../aws/signed-request';
import type { AccountAnswers, Quota } from './answers';

const EC2_API = '2016-11-15';
const STS_API = '2011-06-15';

/** Returns the Region of an option, the environment or the profile. Throws if none has one. */
export async function regionOf({ region, profile }: Partial<AwsAccess>): Promise<string> {
  return new LambdaClient({ region, profile }).config.region();
}

/** Returns the number of the account that the credentials belong to. Throws without credentials. */
export async function accountOf(access: AwsAccess): Promise<string> {
  const xml = await queryAws(access, 'sts', 'GetCallerIdentity', STS_API);
  const account = /<Account>(\d+)<\/Account>/.exec(xml)?.[1];
  if (account === undefined) {
    throw new Error(`GetCallerIdentity names no account: ${xml.slice(0, 300)}`);
  }
  return account;
}

/**
 * Queries an account. Read-only.
 *
 * @param qualifier of the CDK's bootstrap stack
 */
export function realAnswers(access: AwsAccess, qualifier = 'hnb659fds'): AccountAnswers {
  const lambda = new LambdaClient({ ...access });
  const cloudFormation = new CloudFormationClient({ ...access });
  return {
    async bootstrapVersion() {
      try {
        const { Parameter } = await callAws<{ Parameter: { Value: string } }>(
          access, 'ssm', 'AmazonSSM.GetParameter', { Name: `/cdk-bootstrap/${qualifier}/version` });
        return Number(Parameter.Value);
      } catch (error) {
        return undefinedIf('ParameterNotFound', error);
      }
    },
    async quotas(service) {
      // The applied values lack the quotas that nobody changed, whose default holds.
      const [defaults, applied] = await Promise.all([
        quotasOf(access, service, 'ListAWSDefaultServiceQuotas'), quotasOf(access, service, 'ListServiceQuotas'),
      ]);
      return [...applied, ...defaults];
    },
    async lambdaConcurrency() {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
      return { limit: AccountLimit!.ConcurrentExecutions!, unreserved: AccountLimit!.UnreservedConcurrentExecutions! };
    },
    zones: () => queryAws(access, 'ec2', 'DescribeAvailabilityZones', EC2_API),
    addresses: () => queryAws(access, 'ec2', 'DescribeAddresses', EC2_API),
    async rollbackDisabled(StackName) {
      try {
        const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
        return Stacks![0].DisableRollback ?? false;
      } catch (error) {
        return undefinedIf('does not exist', error);
      }
    },
    image: manifestInDockerHub,
  };
}

async function quotasOf(access: AwsAccess, ServiceCode: string, operation: string): Promise<Quota[]> {
  const found: Quota[] = [];
  let NextToken: string | undefined;
  do {
    const page: { Quotas: Quota[]; NextToken?: string } = await callAws(
      access, 'servicequotas', `ServiceQuotasV20190624.${operation}`, { ServiceCode, MaxResults: 100, NextToken });
    found.push(...page.Quotas);
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

async function manifestInDockerHub(repository: string, tag: string): Promise<{ status: number; pullsLeft?: number }> {
  const scope = `service=registry.docker.io&scope=repository:${repository}:pull`;
  const { token } = await (await fetch(`https://auth.docker.io/token?${scope}`, { signal: AbortSignal.timeout(20_000) })).json() as { token: string };
  // A HEAD request does not count as a pull.
  const answer = await fetch(`https://registry-1.docker.io/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD', signal: AbortSignal.timeout(20_000),
    headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json' },
  });
  const left = /^\d+/.exec(answer.headers.get('ratelimit-remaining') ?? '')?.[0];
  return { status: answer.status, pullsLeft: left === undefined ? undefined : Number(left) };
}

function undefinedIf(text: string, error: unknown): undefined {
  if (error instanceof Error && error.message.includes(text)) {
    return undefined;
  }
  throw error;
}
