export interface Quota {
  readonly QuotaName: string;
  readonly Value: number;
}

/** The preflight's questions, as methods, so that tests can answer them. All may throw. */
export interface AccountAnswers {
  /** Version of the CDK's bootstrap stack; undefined if there is none. */
  bootstrapVersion(): Promise<number | undefined>;
  /** All quotas of a service, such as `codebuild`: the account's own values first, then the defaults. */
  quotas(service: string): Promise<Quota[]>;
  /** The account's limit of concurrent Lambda executions, and the part not reserved by functions. */
  lambdaConcurrency(): Promise<{ limit: number; unreserved: number }>;
  /** XML of `DescribeAvailabilityZones`. */
  zones(): Promise<string>;
  /** XML of `DescribeAddresses`. */
  addresses(): Promise<string>;
  /** True if rollback is disabled for a stack; undefined if it does not exist. */
  rollbackDisabled(stack: string): Promise<boolean | undefined>;
  /** HTTP status of an image's manifest in Docker Hub without credentials, and remaining pulls for this IP address. */
  image(repository: string, tag: string): Promise<{ status: number; pullsLeft?: number }>;
}
