import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { logRetentionWithin, wholeDays } from './capture-checks';
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
