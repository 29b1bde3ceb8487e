import { DescribeStacksCommand, CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { callAws, queryAws } from './aws-json';

export interface Quota {
  readonly QuotaName: string;
  readonly Value: number;
}

/** The preflight's questions, as methods, so that tests can answer them. All may throw. */
export interface AccountAnswers {
  /** Version of the CDK's bootstrap stack. */
  bootstrapVersion(): Promise<number>;
  /** All quotas of a service, such as `codebuild`, including the account's own values. */
  quotas(service: string): Promise<Quota[]>;
  /** The account's limit of concurrent Lambda executions, and the part not reserved by functions. */
  lambdaConcurrency(): Promise<{ limit: number; unreserved: number }>;
  /** XML of `DescribeAvailabilityZones`. */
  zones(): Promise<string>;
  /** XML of `DescribeAddresses`. */
  addresses(): Promise<string>;
  /** Whether rollback is disabled for a stack; undefined if it does not exist. */
  rollbackDisabled(stack: string): Promise<boolean | undefined>;
  /** HTTP status of an image's manifest in Docker Hub without credentials, and remaining pulls for this IP address. */
  image(repository: string, tag: string): Promise<{ status: number; pullsLeft?: number }>;
}

const EC2_API = '2016-11-15';

/** Queries the account of the environment's credentials. Read-only. */
export function realAnswers(region: string): AccountAnswers {
  const lambda = new LambdaClient({ region });
  const cloudFormation = new CloudFormationClient({ region });
  return {
    async bootstrapVersion() {
      const { Parameter } = await callAws<{ Parameter: { Value: string } }>('ssm', 'AmazonSSM.GetParameter', region, { Name: '/cdk-bootstrap/hnb659fds/version' });
      return Number(Parameter.Value);
    },
    async quotas(ServiceCode) {
      const found: Quota[] = [];
      let NextToken: string | undefined;
      do {
        const page: { Quotas: Quota[]; NextToken?: string } = await callAws(
          'servicequotas', 'ServiceQuotasV20190624.ListServiceQuotas', region, { ServiceCode, MaxResults: 100, NextToken });
        found.push(...page.Quotas);
        NextToken = page.NextToken;
      } while (NextToken);
      return found;
    },
    async lambdaConcurrency() {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
      return { limit: AccountLimit!.ConcurrentExecutions!, unreserved: AccountLimit!.UnreservedConcurrentExecutions! };
    },
    zones: () => queryAws('ec2', 'DescribeAvailabilityZones', EC2_API, region),
    addresses: () => queryAws('ec2', 'DescribeAddresses', EC2_API, region),
    async rollbackDisabled(StackName) {
      try {
        const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
        return Stacks![0].DisableRollback ?? false;
      } catch (error) {
        if (error instanceof Error && error.message.includes('does not exist')) {
          return undefined;
        }
        throw error;
      }
    },
    async image(repository, tag) {
      const scope = `service=registry.docker.io&scope=repository:${repository}:pull`;
      const { token } = await (await fetch(`https://auth.docker.io/token?${scope}`, { signal: AbortSignal.timeout(20_000) })).json() as { token: string };
      // A HEAD request does not count as a pull.
      const answer = await fetch(`https://registry-1.docker.io/v2/${repository}/manifests/${tag}`, {
        method: 'HEAD', signal: AbortSignal.timeout(20_000),
        headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json' },
      });
      const left = /^\d+/.exec(answer.headers.get('ratelimit-remaining') ?? '')?.[0];
      return { status: answer.status, pullsLeft: left === undefined ? undefined : Number(left) };
    },
  };
}
