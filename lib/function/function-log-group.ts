import type { Duration } from 'aws-cdk-lib';
import { ArnFormat, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ModelFunctionProps } from './model-function-props';

/** Creates the log group of a function, which keeps nothing longer than captured requests are kept. */
export function functionLogGroup(scope: Construct, id: string, { capture, logRetention, artifactRemovalPolicy }: ModelFunctionProps): logs.LogGroup {
  const encryptionKey = capture?._options.encryptionKey;
  if (encryptionKey) {
    allowLogs(scope, encryptionKey);
  }
  return new logs.LogGroup(scope, id, {
    retention: logRetention ?? (capture ? logRetentionWithin(wholeDays(capture._options.retention)) : logs.RetentionDays.THREE_MONTHS),
    encryptionKey,
    removalPolicy: artifactRemovalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
}

/** Refuses a log that keeps captured requests longer than their bucket does. */
export function checkLogRetention({ capture, logGroup, logRetention }: ModelFunctionProps): string[] {
  const days = capture && wholeDays(capture._options.retention);
  if (days === undefined) {
    return [];
  }
  const wayOut = 'captured requests pass through the log: give a shorter one, or a longer capture.retention';
  if (logRetention !== undefined && !Token.isUnresolved(logRetention) && logRetention > days) {
    return [`logRetention must not be longer than capture.retention (${days} days), got ${logRetention === logs.RetentionDays.INFINITE ? 'INFINITE' : `${logRetention} days`}: ${wayOut}`];
  }
  const made = logGroup?.node.defaultChild;
  if (!(made instanceof logs.CfnLogGroup) || Token.isUnresolved(made.retentionInDays)) {
    return [];
  }
  return made.retentionInDays === undefined || made.retentionInDays > days
    ? [`logGroup must not keep events longer than capture.retention (${days} days), got ${made.retentionInDays === undefined ? 'INFINITE' : `${made.retentionInDays} days`}: ${wayOut}`] : [];
}

/** Days of a duration; undefined if they are a token or not whole. */
function wholeDays(duration: Duration): number | undefined {
  const days = duration.isUnresolved() ? NaN : duration.toDays({ integral: false });
  return Number.isInteger(days) ? days : undefined;
}

/** The longest retention of a log group that is not longer than these days. */
function logRetentionWithin(days: number | undefined): logs.RetentionDays {
  const known = Object.values(logs.RetentionDays).filter((value) => typeof value === 'number' && value <= (days ?? 1)) as number[];
  return Math.max(logs.RetentionDays.ONE_DAY, ...known);
}

/** Lets CloudWatch Logs use a key for log groups of the account: the policy of an imported key is the user's. */
function allowLogs(scope: Construct, key: kms.IKey): void {
  const stack = Stack.of(scope);
  key.addToResourcePolicy(new iam.PolicyStatement({
    // Unlike the universal name, the one of a Region has the partition's domain: amazonaws.com.cn in China.
    principals: [new iam.ServicePrincipal(`logs.${stack.region}.${stack.urlSuffix}`)],
    actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    resources: ['*'],
    conditions: {
      // The log group waits for the key, so its own name cannot be here.
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': stack.formatArn({
          service: 'logs', resource: 'log-group', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      },
    },
  }));
}
