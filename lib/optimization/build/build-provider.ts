import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import * as custom_resources from 'aws-cdk-lib/custom-resources';
import { Construct, Dependable } from 'constructs';
import { runtimeCode } from '../../bundling/runtime-code';
import { LATEST_RUNTIME_RULES } from '../../private/acknowledge';
import { EVENT_SOURCE, eventBusArn } from '../../private/event-rule';
import { grantKey } from '../../private/key-grant';
import { acknowledgePrefix, grantArtifactHistory, grantArtifactRead } from '../artifact/artifact-access';
import { MODEL_LIVE, MODEL_PUBLISHED, MODEL_REFUSED, MODEL_ROLLED_BACK } from '../artifact/model-events';
import { grantSigning, grantVerifying, signatureBundlePattern } from '../artifact/signing-key';

const ID = 'TensorFlowModelBuilds';

/** Time that CloudFormation waits for a check that builds nothing. A version check waits up to ten minutes for concurrency in a busy account. */
export const CHECK_TIMEOUT = Duration.minutes(15);

/** Finds or starts the builds of a stack's models, and checks that endpoints can serve them. One per stack. */
export class BuildProvider extends Construct implements iam.IGrantable {
  public static of(scope: Construct): BuildProvider {
    const stack = Stack.of(scope);
    return (stack.node.tryFindChild(ID) as BuildProvider | undefined) ?? new BuildProvider(stack, ID);
  }

  public readonly serviceToken: string;
  public readonly grantPrincipal: iam.IPrincipal;

  /** Role of the handlers. */
  public readonly role: iam.Role;
  private readonly logGroup: logs.LogGroup;

  private constructor(scope: Construct, id: string) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    this.role = this.functionRole('Role', 'Runs the handlers of TensorFlow model builds');
    this.grantPrincipal = this.role;
    // Tells a rollback, which returns to what served, from a deployment.
    this.role.addToPolicy(new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [Stack.of(this).stackId] }));
    const onEvent = this.handler('OnEvent', 'index.on_event', Duration.minutes(5));
    const isComplete = this.handler('IsComplete', 'index.is_complete', Duration.minutes(5));
    const framework = this.framework(onEvent, isComplete);
    this.serviceToken = framework.serviceToken;
    // This function depends on all the rest, so each of the many resources that depend on the provider need name only this one.
    const entry = framework.node.findChild('framework-onEvent');
    Dependable.implement(this, { dependencyRoots: [entry] });
    for (const id of LATEST_RUNTIME_RULES) {
      Validations.of(this).acknowledge({
        id, reason: 'The handlers are tested with this version of Python; the framework\'s version of Node.js is the CDK\'s choice',
      });
    }
  }

  /** Allows the handlers to build one model, to read the build's results, and to publish an event. */
  public allowBuilds(project: codebuild.IProject, logGroup: logs.ILogGroup, bucket: s3.IBucket, prefix: string): iam.Grant {
    const builds = iam.Grant.addToPrincipal({
      grantee: this,
      actions: ['codebuild:StartBuild', 'codebuild:BatchGetBuilds', 'codebuild:ListBuildsForProject', 'codebuild:StopBuild'],
      resourceArns: [project.projectArn],
    });
    const log = iam.Grant.addToPrincipal({ grantee: this, actions: ['logs:GetLogEvents'], resourceArns: [logGroup.logGroupArn] });
    const jobs = iam.Grant.addToPrincipal({
      grantee: this, actions: ['s3:PutObject'], resourceArns: [bucket.arnForObjects(`${prefix}/keys/*/job.json`)],
    });
    grantKey(bucket.encryptionKey, this, 'kms:GenerateDataKey');
    acknowledgePrefix(this.role, bucket, `${prefix}/keys/*/job.json`);
    return this.allowHistory(bucket, [`${prefix}/*`]).combine(builds).combine(log).combine(jobs).combine(this.allowEvent(MODEL_PUBLISHED));
  }

  /** Allows the handlers to keep a version when a newer one is refused: to record it, and to publish an event. */
  public allowKeeping(bucket: s3.IBucket, prefix: string): iam.Grant {
    const kept = bucket.arnForObjects(`${prefix}/keys/*/kept.json`);
    acknowledgePrefix(this.role, bucket, `${prefix}/keys/*/kept.json`);
    return [
      iam.Grant.addToPrincipal({ grantee: this, actions: ['s3:PutObject'], resourceArns: [kept] }),
      this.allowEvent(MODEL_REFUSED),
    ].reduce((all, grant) => all.combine(grant));
  }

  /** Allows the handlers to write which versions of a model its stack needs, and to find out whether it still serves earlier ones. */
  public allowLease(bucket: s3.IBucket, keyPattern: string): iam.Grant {
    acknowledgePrefix(this.role, bucket, keyPattern);
    grantKey(bucket.encryptionKey, this, 'kms:GenerateDataKey');
    return iam.Grant.addToPrincipal({ grantee: this, actions: ['s3:PutObject'], resourceArns: [bucket.arnForObjects(keyPattern)] })
      .combine(iam.Grant.addToPrincipal({ grantee: this, actions: ['cloudformation:DescribeStackEvents'], resourceArns: [Stack.of(this).stackId] }));
  }

  /** Allows the handlers to sign published models, and to verify signatures. */
  public allowSigning(key: kms.IKey, bucket: s3.IBucket, prefix: string): iam.Grant {
    acknowledgePrefix(this.role, bucket, signatureBundlePattern(prefix));
    return this.allowVerifying(key).combine(grantSigning(this, key, bucket, prefix));
  }

  /** Allows the handlers to verify signatures. */
  public allowVerifying(key: kms.IKey): iam.Grant {
    return grantVerifying(this, key);
  }

  /** Allows the handlers to publish what endpoints serve. */
  public allowLiveEvents(): iam.Grant {
    return this.allowEvent(MODEL_LIVE).combine(this.allowEvent(MODEL_ROLLED_BACK));
  }

  /** Allows the handlers to delete a bucket, which S3 permits only without objects and their versions. */
  public allowBucketDeletion(bucket: s3.IBucket): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee: this, actions: ['s3:DeleteBucket'], resourceArns: [bucket.bucketArn] });
  }

  /** Allows the handlers to read objects. */
  public allowRead(bucket: s3.IBucket, keyPatterns: string[]): iam.Grant {
    keyPatterns.forEach((pattern) => acknowledgePrefix(this.role, bucket, pattern));
    return grantArtifactRead(this, bucket, keyPatterns);
  }

  /** Allows the handlers to read published models, also as they were. */
  public allowHistory(bucket: s3.IBucket, keyPatterns: string[]): iam.Grant {
    keyPatterns.forEach((pattern) => acknowledgePrefix(this.role, bucket, pattern));
    return grantArtifactHistory(this, bucket, keyPatterns);
  }

  private allowEvent(type: string): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee: this,
      actions: ['events:PutEvents'],
      resourceArns: [eventBusArn(this)],
      conditions: { StringEquals: { 'events:source': EVENT_SOURCE, 'events:detail-type': type } },
    });
  }

  private handler(id: string, handler: string, timeout: Duration): lambda.Function {
    return new lambda.Function(this, id, {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler,
      code: runtimeCode('build_runner'),
      timeout,
      memorySize: 256,
      role: this.role,
      logGroup: this.logGroup,
    });
  }

  private framework(onEvent: lambda.Function, isComplete: lambda.Function): custom_resources.Provider {
    const starter = this.functionRole('FrameworkOnEventRole', 'Starts TensorFlow model builds');
    const waiter = this.functionRole('FrameworkIsCompleteRole', 'Waits for TensorFlow model builds');
    const provider = new custom_resources.Provider(this, 'Provider', {
      onEventHandler: onEvent,
      isCompleteHandler: isComplete,
      queryInterval: Duration.seconds(10),
      totalTimeout: Duration.hours(1),
      logGroup: this.logGroup,
      // The framework would allow every version of the handlers to be invoked. Grant exactly what is needed, below.
      frameworkOnEventRole: starter.withoutPolicyUpdates(),
      frameworkCompleteAndTimeoutRole: waiter.withoutPolicyUpdates(),
    });
    const child = (id: string) => provider.node.findChild(id);
    const stateMachine = child('waiter-state-machine').node.findChild('Resource') as CfnStateMachine;
    for (const [role, handler] of [[starter, onEvent], [waiter, isComplete]] as const) {
      role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction', 'lambda:GetFunction'], resources: [handler.functionArn] }));
    }
    starter.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachine.ref] }));
    const frameworkFunctions = ['onEvent', 'isComplete', 'onTimeout'].map((name) => child(`framework-${name}`) as lambda.Function);
    // The framework reports the stack of its own error. Without a trace, users read only the message.
    frameworkFunctions.forEach((frameworkFunction) => frameworkFunction.addEnvironment('NODE_OPTIONS', '--stack-trace-limit=0'));
    this.restrictWaiter(child('waiter-state-machine'), frameworkFunctions.slice(1));
    return provider;
  }

  private restrictWaiter(stateMachine: Construct, functions: lambda.Function[]): void {
    const policy = stateMachine.node.findChild('Role').node.findChild('DefaultPolicy').node.defaultChild as iam.CfnPolicy;
    policy.policyDocument = new iam.PolicyDocument({
      statements: [new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: functions.map((target) => target.functionArn) })],
    });
    for (const id of ['AwsSolutions-SF1', 'AwsSolutions-SF2']) {
      Validations.of(stateMachine).acknowledge({
        id,
        reason: 'It only counts the time between polls, which the functions log; its input holds the address that CloudFormation is answered at',
      });
    }
  }

  /** A role that can only write logs, to our log group. */
  private functionRole(id: string, description: string): iam.Role {
    const role = new iam.Role(this, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), description });
    role.addToPrincipalPolicy(new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [this.logGroup.logGroupArn],
    }));
    return role;
  }
}
