import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { runtimeCode } from '../bundling/runtime-code';
import { LATEST_RUNTIME_RULES } from '../private/acknowledge';

/** Time that CloudFormation waits for the function: Lambda's limit, and a minute for its answer to arrive. */
export const ROLLOUT_SERVICE_TIMEOUT = Duration.minutes(16);

/** The longest bake: the rest of the function's time is for what is replaced at its end, for logs and for its answer. */
export const LONGEST_BAKE = { minutes: 13, hint: 'the function that watches the canary ends after 15 minutes' };

export interface RolloutFunctionProps {
  readonly description: string;
  readonly role?: iam.IRole;
  readonly logGroup: logs.LogGroup;
}

/** The log group of a rollout function. */
export function rolloutLogGroup(scope: Construct): logs.LogGroup {
  return new logs.LogGroup(scope, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
}

/** Creates the function behind the custom resources that make a deployment wait while a new version starts or bakes (runtime/rollout_waiter). */
export function rolloutFunction(scope: Construct, { description, role, logGroup }: RolloutFunctionProps): lambda.Function {
  const created = new lambda.Function(scope, 'Function', {
    description,
    runtime: lambda.Runtime.PYTHON_3_13,
    handler: 'index.handler',
    code: runtimeCode('rollout_waiter'),
    timeout: Duration.minutes(15),
    memorySize: 256,
    role,
    logGroup,
  });
  for (const id of LATEST_RUNTIME_RULES) {
    Validations.of(created).acknowledge({ id, reason: 'The handler is tested with this version of Python' });
  }
  return created;
}
