import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { runtimeCode } from '../../bundling/runtime-code';
import { ModelFormat } from '../../model/published-model';
import { LATEST_RUNTIME_RULES } from '../../private/acknowledge';
import { nameDefaultPolicy } from '../../private/default-policy';
import { EVENT_SOURCE, eventBusArn } from '../../private/event-rule';
import { grantKey } from '../../private/key-grant';
import { outermostStack } from '../../private/outermost-stack';
import type { ArtifactRetention } from '../optimization-options';
import { acknowledgePrefix } from './artifact-access';
import { leasePattern, prunedPattern } from './artifact-leases';
import { MODEL_PRUNED } from './model-events';
import { retentionSettings } from './retention-settings';

export interface VersionPruningProps {
  readonly retention: ArtifactRetention;
  readonly bucket: s3.IBucket;
  readonly keyPrefix: string;
  readonly modelName: string;
  readonly format: ModelFormat;
  /** Names of the SSM parameters that may name versions of the model. */
  readonly parameterNames: string[];
}

/**
 * Removes a model's old versions after each successful update of its stack, and once a day, for what has become old enough.
 *
 * EventBridge starts it, because CloudFormation tells a custom resource nothing of the end of an update.
 */
export class VersionPruning extends Construct {
  public readonly pruningFunction: lambda.Function;

  constructor(scope: Construct, id: string, props: VersionPruningProps) {
    super(scope, id);
    // A nested stack is updated with the outermost one, and goes back with it.
    const stack = outermostStack(Stack.of(this));
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    this.pruningFunction = new lambda.Function(this, 'Function', {
      description: `Removes old versions of the TensorFlow model ${props.modelName}`,
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'index.prune',
      code: runtimeCode('build_runner'),
      timeout: Duration.minutes(15),
      memorySize: 256,
      logGroup,
      role: this.role(props, logGroup, stack),
      environment: {
        RETENTION: Stack.of(this).toJsonString({
          bucket: props.bucket.bucketName,
          prefix: props.keyPrefix,
          name: props.modelName,
          format: props.format,
          stackId: stack.stackId,
          ...retentionSettings(props.retention),
          parameters: props.parameterNames,
        }),
      },
    });
    for (const rule of LATEST_RUNTIME_RULES) {
      Validations.of(this.pruningFunction).acknowledge({ id: rule, reason: 'The handler is tested with this version of Python' });
    }
    const target = new events_targets.LambdaFunction(this.pruningFunction);
    new events.Rule(this, 'Updated', {
      description: `Prunes the TensorFlow model ${props.modelName} after an update`,
      eventPattern: {
        source: ['aws.cloudformation'],
        detailType: ['CloudFormation Stack Status Change'],
        detail: { 'stack-id': [stack.stackId], 'status-details': { status: ['UPDATE_COMPLETE'] } },
      },
      targets: [target],
    });
    new events.Rule(this, 'Daily', {
      description: `Prunes what has become old of the TensorFlow model ${props.modelName}`,
      schedule: events.Schedule.rate(Duration.days(1)),
      targets: [target],
    });
  }

  private role({ bucket, keyPrefix, format, parameterNames }: VersionPruningProps, logGroup: logs.LogGroup, stack: Stack): iam.Role {
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), description: 'Removes old versions of one TensorFlow model' });
    nameDefaultPolicy(role);
    const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>): void => {
      role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    };
    const allowObjects = (actions: string[], patterns: string[]): void => {
      patterns.forEach((pattern) => acknowledgePrefix(role, bucket, pattern));
      allow(actions, patterns.map((pattern) => bucket.arnForObjects(pattern)));
    };
    const [leases, pruned] = [leasePattern(keyPrefix), prunedPattern(keyPrefix)];
    const removed = [format, ...format === ModelFormat.SAVED_MODEL ? ['archive'] : [], 'golden', 'keys', 'builds'].map((directory) => `${keyPrefix}/${directory}/*`);
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    allow(['s3:ListBucket', 's3:ListBucketVersions'], [bucket.bucketArn], { StringLike: { 's3:prefix': `${keyPrefix}/*` } });
    allowObjects(['s3:GetObject'], [`${keyPrefix}/${format}/*/manifest.json`, `${keyPrefix}/keys/*/kept.json`, leases, pruned]);
    allowObjects(['s3:PutObject', 's3:DeleteObject'], [pruned]);
    allowObjects(['s3:DeleteObjectVersion'], removed);
    grantKey(bucket.encryptionKey, role, 'kms:Decrypt', 'kms:GenerateDataKey');
    allow(['cloudformation:DescribeStacks'], [stack.stackId]);
    if (parameterNames.length > 0) {
      allow(['ssm:GetParameter'], parameterNames.map((name) => stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.replace(/^\//, '') })));
    }
    allow(['events:PutEvents'], [eventBusArn(this)], { StringEquals: { 'events:source': EVENT_SOURCE, 'events:detail-type': MODEL_PRUNED } });
    return role;
  }
}
