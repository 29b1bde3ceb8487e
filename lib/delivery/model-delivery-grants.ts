import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { parameterArn, stackArns } from './delivery-role';

/** A delivery that permissions are granted on. */
interface GrantingDelivery extends Construct {
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly sourceParameterName: string;
  readonly serveParameterName: string;
  readonly stateMachine: stepfunctions.StateMachine;
}

/** Permissions on a `ModelDelivery`, which `delivery.grants` returns. */
export class ModelDeliveryGrants {
  /** @internal */
  public static _of(delivery: GrantingDelivery, stackNames: string[]): ModelDeliveryGrants {
    return new ModelDeliveryGrants(delivery, stackNames);
  }

  private constructor(private readonly delivery: GrantingDelivery, private readonly stackNames: string[]) {}

  /**
   * Lets a principal upload models, which become live when they pass the gate.
   *
   * @param grantee who may upload
   */
  public upload(grantee: iam.IGrantable): iam.Grant {
    return this.delivery.bucket.grantPut(grantee, this.delivery.key);
  }

  /**
   * Lets a principal start deliveries: of the newest upload, of an older one, or of published versions to go back to.
   *
   * @param grantee who may start executions of the state machine
   */
  public deliver(grantee: iam.IGrantable): iam.Grant {
    return this.delivery.stateMachine.grantStartExecution(grantee);
  }

  /**
   * Lets a principal use the command line, `npx cdk-tensorflow delivery`: see what is live and what was, deliver an upload, and go back.
   *
   * It may start executions of the state machine, and read them, the parameters, the list of uploads and the stacks. To see figures of a model, it also has to
   * read the model's manifest: call `grants.read` of each endpoint's optimizer.
   *
   * @param grantee who operates the delivery
   */
  public operate(grantee: iam.IGrantable): iam.Grant {
    const { bucket, key, sourceParameterName, serveParameterName, stateMachine } = this.delivery;
    const parameters = [sourceParameterName, serveParameterName].map((name) => parameterArn(this.delivery, name));
    const grants: [string[], string[], Record<string, Record<string, string>>?][] = [
      [['ssm:GetParameter'], parameters],
      [['cloudformation:DescribeStacks'], stackArns(this.delivery, this.stackNames)],
      [['cloudformation:ListStackResources'], [Stack.of(this.delivery).stackId]],
      [['s3:ListBucketVersions'], [bucket.bucketArn], { StringEquals: { 's3:prefix': key } }],
    ];
    return grants.map(([actions, resourceArns, conditions]) => iam.Grant.addToPrincipal({ grantee, actions, resourceArns, conditions })).reduce(
      (all, grant) => all.combine(grant),
      this.deliver(grantee)
        .combine(stateMachine.grant(grantee, 'states:DescribeStateMachine', 'states:ListExecutions'))
        .combine(stateMachine.grantExecution(grantee, 'states:DescribeExecution')),
    );
  }
}
