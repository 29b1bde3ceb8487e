import { ArnFormat, Aws, Duration, Names, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatch_actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { IDeliveredModel } from '../model/delivered-model';
import { failIfAny, lit } from '../private/errors';
import { eventRule } from '../private/event-rule';
import { injectedProps } from '../private/injected-props';
import { InlinePolicyRole } from '../private/inline-policy-role';
import { BUCKET, checkTypes, DURATION, TOPIC } from '../private/property-types';
import { DELIVERED, DELIVERY_FAILED, DELIVERY_STUCK } from './asl';
import { checkDelivery, checkEvents, checkStacks, defaultParameterPrefix } from './delivery-checks';
import { deliveryDefinition } from './delivery-definition';
import { DeliveryFunctions } from './delivery-functions';
import { deliveryRole } from './delivery-role';
import { ModelDeliveryGrants } from './model-delivery-grants';
import type { ModelDeliveryProps } from './model-delivery-props';
import { uploadBucket } from './upload-bucket';

/** Value of the source parameter before the first upload. The build runner knows it. */
const NOTHING = 'none';
const BUILT = 'built';

/**
 * Makes an upload of a model live, without a deployment by a person.
 *
 * Each upload starts a state machine, which updates the stacks that serve the model with their present templates. Their deployments optimize the model, gate
 * it and check it, as always. If one fails, it and the stacks before it are restored, and so is the parameter that the stacks read: a later `cdk deploy` of the
 * unchanged app changes nothing.
 *
 * It belongs to a stack of its own, which is deployed before those that serve the model.
 *
 * @example
 * declare const app: App;
 * const delivery = new ModelDelivery(new Stack(app, 'Delivery'), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
 * new ModelFunction(new Stack(app, 'Serving'), 'Digits', { model: ModelSource.fromDelivery(delivery) });
 */
export class ModelDelivery extends Construct implements IDeliveredModel {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelDelivery';

  /** The bucket that models are uploaded to. */
  public readonly bucket: s3.IBucket;

  /** The key that models are uploaded to. */
  public readonly key: string;

  /** Name of the SSM parameter with the object version of the model to build; `none` before the first upload. */
  public readonly sourceParameterName: string;

  /** Name of the SSM parameter with what to serve: `built`, or published versions to go back to. */
  public readonly serveParameterName: string;

  /** Delivers. Its input is `{}` for the newest upload, or names an `objectVersion`, or what to `serve`. */
  public readonly stateMachine: stepfunctions.StateMachine;

  /** Goes off when a delivery needs a person, such as for a stack that could be neither updated nor restored. */
  public readonly stuckAlarm: cloudwatch.Alarm;

  /** Permissions for others. */
  public readonly grants: ModelDeliveryGrants;

  constructor(scope: Construct, id: string, props: ModelDeliveryProps) {
    super(scope, id);
    props = injectedProps(ModelDelivery.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelDeliveryProps`, checkTypes(props, { bucket: BUCKET, pollInterval: DURATION, failureTopic: TOPIC }), this);
    failIfAny(lit`InvalidModelDeliveryProps`, checkDelivery(this, props), this);
    this.key = props.key;
    this.grants = ModelDeliveryGrants._of(this, props.stackNames);
    this.bucket = props.bucket ?? uploadBucket(this, 'Uploads');
    const prefix = props.parameterPrefix ?? defaultParameterPrefix(this);
    this.sourceParameterName = `${prefix}/source`;
    this.serveParameterName = `${prefix}/serve`;
    const functions = new DeliveryFunctions(this, 'Functions', props.stackNames);
    const parameters = functions.createParameters([
      { id: 'Source', name: this.sourceParameterName, value: NOTHING, description: `Object version of ${this.key} to build: written by a ModelDelivery only` },
      { id: 'Serve', name: this.serveParameterName, value: BUILT, description: `What to serve of ${this.key}: written by a ModelDelivery only` },
    ]);
    // Known before it is made, because its role describes its own executions.
    const stateMachineName = props.stateMachineName ?? Names.uniqueResourceName(this, { maxLength: 80, separator: '-' });
    const uploadRole = this.createUploadRole(stateMachineName, functions);
    this.stateMachine = this.createStateMachine(stateMachineName, functions, props);
    this.stateMachine.node.addDependency(...parameters);
    this.createUploadRule(uploadRole);
    this.stuckAlarm = this.createAlarm();
    if (props.failureTopic !== undefined) {
      this.tell(props.failureTopic);
    }
    this.node.addValidation({ validate: () => [...checkStacks(this, props.stackNames), ...checkEvents(this.bucket)] });
  }

  /**
   * Lets a principal upload models, which become live when they pass the gate, as `grants.upload` does.
   *
   * @param grantee who may upload
   */
  public grantUpload(grantee: iam.IGrantable): iam.Grant {
    return this.grants.upload(grantee);
  }

  /**
   * Lets a principal start deliveries of the newest upload, of an older one, or of published versions to go back to, as `grants.deliver` does.
   *
   * @param grantee who may start executions of the state machine
   */
  public grantDeliver(grantee: iam.IGrantable): iam.Grant {
    return this.grants.deliver(grantee);
  }

  /**
   * Lets a principal use the command line, `npx cdk-tensorflow delivery`: see what is live and what was, deliver an upload, and go back.
   * The same as `grants.operate`, which says what that includes.
   *
   * @param grantee who operates the delivery
   */
  public grantOperate(grantee: iam.IGrantable): iam.Grant {
    return this.grants.operate(grantee);
  }

  /**
   * Defines a rule for every event of this delivery: what was delivered, what failed and was rolled back, and what needs a person.
   *
   * EventBridge may deliver an event more than once.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onEvent(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.rule(id, options);
  }

  /**
   * Defines a rule for deliveries that succeeded.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onDelivered(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.rule(id, options, [DELIVERED]);
  }

  /**
   * Defines a rule for deliveries that failed: those that were rolled back, such as of a refused model, and those that need a person.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onFailed(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.rule(id, options, [DELIVERY_FAILED, DELIVERY_STUCK]);
  }

  private rule(id: string, options: events.OnEventOptions, types?: string[]): events.Rule {
    return eventRule(this, id, options, {
      detail: { bucket: this.bucket.bucketName, key: this.key }, types: types ?? [DELIVERED, DELIVERY_FAILED, DELIVERY_STUCK],
    });
  }

  private createStateMachine(
    stateMachineName: string, { reason }: DeliveryFunctions, { stackNames, pollInterval }: ModelDeliveryProps,
  ): stepfunctions.StateMachine {
    const table = new dynamodb.Table(this, 'Turns', {
      partitionKey: { name: 'Id', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(table).acknowledge({ id: 'AwsSolutions-DDB3', reason: 'Its one item says who delivers now; the next delivery makes it again' });
    const parameterNames = [this.sourceParameterName, this.serveParameterName];
    const role = deliveryRole(this, 'Role', {
      stateMachineName,
      bucketArn: this.bucket.bucketArn,
      key: this.key,
      tableArn: table.tableArn,
      parameterNames,
      reasonFunctionArn: reason.functionArn,
      stackNames,
    });
    const definition = deliveryDefinition({
      partition: Aws.PARTITION,
      bucketName: this.bucket.bucketName,
      key: this.key,
      sourceParameterName: this.sourceParameterName,
      serveParameterName: this.serveParameterName,
      tableName: table.tableName,
      reasonFunctionArn: reason.functionArn,
      stackNames,
      pollSeconds: pollInterval?.toSeconds() ?? 15,
    });
    const stateMachine = new stepfunctions.StateMachine(this, 'StateMachine', {
      stateMachineName,
      role,
      definitionBody: stepfunctions.DefinitionBody.fromString(Stack.of(this).toJsonString(definition)),
    });
    for (const id of ['AwsSolutions-SF1', 'AwsSolutions-SF2']) {
      Validations.of(stateMachine).acknowledge({ id, reason: 'Step Functions keeps the history of each execution for 90 days, and each ends with an event' });
    }
    return stateMachine;
  }

  /**
   * Creates the role that starts a delivery, before the functions, whose creation waits until their roles are known everywhere.
   *
   * EventBridge does not try again after a denial: what is uploaded as soon as the stack is complete would be lost.
   */
  private createUploadRole(stateMachineName: string, functions: DeliveryFunctions): iam.IRole {
    const role = new InlinePolicyRole(this, 'UploadedRole', {
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com'),
      description: 'Starts the delivery of an uploaded TensorFlow model',
    });
    const stateMachineArn = Stack.of(this).formatArn({
      service: 'states', resource: 'stateMachine', resourceName: stateMachineName, arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn] }));
    functions.reason.node.addDependency(role);
    return role.withoutPolicyUpdates();
  }

  private createUploadRule(role: iam.IRole): void {
    const rule = new events.Rule(this, 'Uploaded', {
      // Without the key, which may be longer than a description.
      description: 'Delivers what is uploaded of a TensorFlow model',
      eventPattern: {
        source: ['aws.s3'], detailType: ['Object Created'], detail: { bucket: { name: [this.bucket.bucketName] }, object: { key: [this.key] } },
      },
    });
    rule.addTarget(new events_targets.SfnStateMachine(this.stateMachine, {
      role,
      input: events.RuleTargetInput.fromObject({ event: true, objectVersion: events.EventField.fromPath('$.detail.object.version-id') }),
    }));
  }

  private createAlarm(): cloudwatch.Alarm {
    const period = Duration.minutes(5);
    const { stateMachine } = this;
    return new cloudwatch.Alarm(this, 'Stuck', {
      alarmDescription: `A delivery of ${this.key} needs a person: see the executions of the state machine`,
      metric: new cloudwatch.MathExpression({
        // A sum has no value where one of its metrics has none.
        expression: 'FILL(failed, 0) + FILL(timedOut, 0)',
        usingMetrics: { failed: stateMachine.metricFailed({ period }), timedOut: stateMachine.metricTimedOut({ period }) },
        label: 'deliveries that failed, or took too long',
        period,
      }),
      threshold: 0,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // In the newest period a late value may still be missing, which counts as zero.
      evaluationPeriods: 2,
      datapointsToAlarm: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }

  private tell(topic: sns.ITopic): void {
    const field = (name: string) => events.EventField.fromPath(`$.detail.${name}`);
    this.onFailed('Failed', {
      target: new events_targets.SnsTopic(topic, {
        // An object: EventBridge encodes the values, and a reason has line breaks and quotes.
        message: events.RuleTargetInput.fromObject({
          outcome: field('outcome'), key: this.key, objectVersion: field('objectVersion'), failedStack: field('failedStack'), reason: field('reason'),
        }),
      }),
    });
    this.stuckAlarm.addAlarmAction(new cloudwatch_actions.SnsAction(topic));
    // The rule gives the topic a policy, which replaces the default one: that let alarms of the account publish. Not for the alarm's ARN alone, because the
    // topic may be another stack's, which the alarm depends on.
    topic.grantPublish(new iam.ServicePrincipal('cloudwatch.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } } }));
  }
}
