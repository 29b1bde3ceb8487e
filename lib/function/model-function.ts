import { ValidationError, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { LiveEvents } from '../endpoint/live-events';
import type { IMonitoredEndpoint } from '../endpoint/model-endpoint';
import { readDelivered } from '../model/delivery-source';
import type { IModelArtifact } from '../model/published-model';
import { artifactFor } from '../optimization/endpoint-model';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { injectedProps } from '../private/injected-props';
import { CaptureDelivery } from './capture-delivery';
import { checkFunctionProps } from './function-checks';
import { functionCors, functionCorsProblems } from './function-cors';
import { functionLayers } from './function-layers';
import { functionLogGroup } from './function-log-group';
import { functionOffer } from './function-offer';
import { functionModel, functionSettings, warnOfIdleThreads } from './function-settings';
import { checkSize, partBytes } from './function-size';
import { liveAlias } from './live-alias';
import { ModelFunctionGrants } from './model-function-grants';
import type { ModelFunctionProps } from './model-function-props';
import { RequestMetrics } from './request-metrics';
import { servingFunction } from './serving-function';
import { TrafficShift } from './traffic-shift';
import { rolloutLimits, trafficSteps } from './traffic-steps';

/**
 * A TensorFlow model served by AWS Lambda.
 *
 * The model is optimized and converted to LiteRT during the deployment and added to the function as a layer. The function answers TensorFlow
 * Serving's REST requests through a function URL or an API, and the same request bodies in a direct invocation. Callers use the alias `live`, which
 * a deployment moves to a new version only after everything else has succeeded.
 *
 * @example
 * const digits = new ModelFunction(this, 'Digits', {
 *   model: ModelSource.fromAsset('models/digits'),
 *   evaluation: EvaluationData.fromAsset('models/digits.npz'),   // optional
 * });
 * new CfnOutput(this, 'Url', { value: digits.addFunctionUrl().url });
 */
export class ModelFunction extends Construct implements IMonitoredEndpoint, ec2.IConnectable {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelFunction';

  /** Name of the model in request paths: `/v1/models/<name>`. */
  public readonly modelName: string;

  /** The published model that is served. */
  public readonly artifact: IModelArtifact;

  /** The model's optimizer. Undefined for a published model. */
  public readonly optimizer?: ModelOptimizer;

  /** The Lambda function. Callers use `alias`, because the function may already be newer during a deployment. */
  public readonly lambdaFunction: lambda.Function;

  /** The alias `live`, which points to the version that serves. */
  public readonly alias: lambda.Alias;

  /** Shifts traffic to a new version. Undefined if all of it moves at once. */
  public readonly deploymentGroup?: codedeploy.LambdaDeploymentGroup;

  /** Permissions for others. */
  public readonly grants: ModelFunctionGrants = ModelFunctionGrants._of(this);

  /** The function's log group. */
  public readonly logGroup: logs.ILogGroup;

  /** The bucket of the captured requests. Undefined without `capture`. */
  public readonly captureBucket?: s3.IBucket;

  /** Inputs that captured requests lack. @internal */
  public readonly _redacted?: string[];

  /** True: the function serves the page for browsers. @internal */
  public readonly _hasExplorer: boolean;

  private readonly requestMetrics?: RequestMetrics;
  private readonly liveEvents: LiveEvents;
  private url?: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, props: ModelFunctionProps) {
    super(scope, id);
    props = injectedProps(ModelFunction.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelFunctionProps`, checkFunctionProps(this, id, props), this);

    const settings = functionSettings(id, props);
    warnOfIdleThreads(this, props);
    this.modelName = settings.modelName;
    this._hasExplorer = props.explorer ?? false;
    this.artifact = artifactFor(this, 'Optimizer', functionModel(props, settings));
    this.optimizer = this.artifact instanceof ModelOptimizer ? this.artifact : undefined;

    const layers = functionLayers(this, props, settings);
    const sizes = partBytes(() => this.lambdaFunction, layers.hook, props.layers);
    const compatibility = new ModelCompatibility(this, 'Compatibility', { artifact: this.artifact, offer: functionOffer(settings, layers, sizes) });
    this.node.addValidation({ validate: () => checkSize(this, sizes, [layers.native, layers.numpy].filter((layer) => layer !== undefined)) });

    this.logGroup = props.logGroup ?? functionLogGroup(this, 'LogGroup', props);
    const { bucket } = this.artifact;
    this.lambdaFunction = servingFunction(this, 'Function', { props, settings, bucket, compatibility, layers, logGroup: this.logGroup });
    this._redacted = props.capture?._options.redact;
    this.captureBucket = props.capture
      && new CaptureDelivery(this, 'Capture', {
        options: props.capture._options, modelName: this.modelName, logGroup: this.logGroup, after: compatibility.resource,
      }).bucket;
    const version = this.lambdaFunction.currentVersion;
    this.requestMetrics = settings.embeddedMetrics ? new RequestMetrics(this.lambdaFunction.functionName, this.modelName) : undefined;
    const delivery = props.model._original?.delivery;
    const serve = delivery && readDelivered(this, delivery, delivery.serveParameterName);
    const replay = props.replay && this.captureBucket ? { options: props.replay, bucket: this.captureBucket, serve } : undefined;
    this.alias = liveAlias(this, 'Alias', { props, check: { version, modelName: this.modelName, bucket, compatibility, hook: props.hook, replay } });
    const deploymentConfig = props.rollout && trafficSteps(this, 'TrafficSteps', props.rollout);
    this.deploymentGroup = deploymentConfig && new TrafficShift(this, 'TrafficShift', {
      alias: this.alias,
      deploymentConfig,
      failures: this.requestMetrics?.failuresOf(version.version, compatibility.version),
      limits: rolloutLimits(props.rollout, settings.timeout),
    }).deploymentGroup;
    // Without a check, with reservedConcurrentExecutions of 0, the alias is all that changes.
    const first = [this.node.tryFindChild('VersionCheck') ?? this.alias, this.alias];
    this.liveEvents = new LiveEvents(this, { kind: 'function', compatibility, model: props.model, first, last: [this.alias.node.defaultChild!] });
  }

  /** The function's role: `bucket.grantRead(digits)` lets a hook read. */
  public get grantPrincipal(): iam.IPrincipal {
    return this.lambdaFunction.grantPrincipal;
  }

  /** The function's connections in its VPC. Throws without `vpc`. */
  public get connections(): ec2.Connections {
    return this.lambdaFunction.connections;
  }

  /** The function URL. Undefined until `addFunctionUrl` is called. */
  public get functionUrl(): lambda.FunctionUrl | undefined {
    return this.url;
  }

  /**
   * Adds a URL to the alias, which answers TensorFlow Serving's REST requests.
   *
   * Callers must sign their requests and need `grantInvokeUrl`, unless the options say `FunctionUrlAuthType.NONE`: then
   * anybody can call, and you pay. Throws with `explorer` unless they do.
   *
   * With `cors`, Lambda answers preflight requests itself, so that none reaches the function. Without `allowedHeaders`, pages may send `content-type`,
   * and the headers of a signature unless the URL is public. Throws where browsers would refuse the permission.
   *
   * @param options authentication and cross-origin requests
   */
  public addFunctionUrl(options: lambda.FunctionUrlOptions = {}): lambda.FunctionUrl {
    const isPublic = options.authType === lambda.FunctionUrlAuthType.NONE;
    failIfAny(lit`InvalidFunctionUrl`, [
      ...(this.url ? ['the function has a URL already: Lambda allows one for an alias'] : []),
      ...(this._hasExplorer && !isPublic
        ? ['explorer needs a function URL with FunctionUrlAuthType.NONE, because browsers do not sign requests: leave explorer out, and serve the page on your machine by '
          + '`npx cdk-tensorflow open URL`, which signs them'] : []),
      ...(options.invokeMode === lambda.InvokeMode.RESPONSE_STREAM
        ? ['invokeMode RESPONSE_STREAM has no effect: the function answers with whole bodies; leave it out'] : []),
      ...functionCorsProblems(options.cors),
    ], this);
    if (this._hasExplorer) {
      Validations.of(this).addWarning('cdk-tensorflow:PublicExplorer', 'explorer is public by the function URL: anybody can open the page and send requests, which you pay for: '
        + 'leave explorer out, and use `npx cdk-tensorflow open`, unless that is meant');
    }
    return this.url = this.alias.addFunctionUrl({ ...options, cors: functionCors(options) });
  }

  /**
   * Lets a principal invoke the alias directly, as `grants.invoke` does.
   *
   * @param grantee who may invoke
   */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.grants.invoke(grantee);
  }

  /**
   * Lets a principal call the function URL, as `grants.invokeUrl` does. Throws before `addFunctionUrl` is called.
   *
   * @param grantee who may call
   */
  public grantInvokeUrl(grantee: iam.IGrantable): iam.Grant {
    return this.grants.invokeUrl(grantee);
  }

  /**
   * Defines a rule for versions of the model that all callers get.
   *
   * The event follows the last step of a `rollout`. The first call adds two resources to the stack, which publish this event and that of
   * `onRolledBack`. EventBridge may deliver an event more than once. Throws where a `ModelDelivery` delivers the model: its own
   * events tell that.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onLive(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.liveEvents.onLive(id, options);
  }

  /**
   * Defines a rule for deployments of a new version that CloudFormation rolls back: the version before keeps serving, or serves again.
   *
   * The event is sent when the rollback begins, also for a version that was live already when another resource of the stack failed. A deployment
   * that fails before the endpoint's turn, such as in the build, sends none. Throws where `onLive` does.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onRolledBack(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.liveEvents.onRolledBack(id, options);
  }

  /**
   * Number of requests answered, including rejected ones. Sum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricInvocations(options);
  }

  /**
   * Number of invocations that crashed, timed out, or failed as a direct invocation. Sum over five minutes.
   *
   * Does not include rejected requests (4xx), or failures that an HTTP caller sees as a 500: see `metricFailures`.
   *
   * @param options overrides for the metric
   */
  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricErrors(options);
  }

  /**
   * Duration of an invocation in milliseconds, without the start of a new instance. 99th percentile over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricDuration({ statistic: cloudwatch.Stats.percentile(99), ...options });
  }

  /**
   * Number of requests the function answered with 500, e.g. because the hook failed. Sum over five minutes.
   *
   * Lambda does not count them as errors, because they have an answer. A failed direct invocation has none and counts in `metricErrors`.
   * The log has a traceback of each. Needs `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  public metricFailures(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('metricFailures').failures(options);
  }

  /**
   * Time the handler takes for a request, in milliseconds: parsing, the model and the hook. 99th percentile over five minutes.
   *
   * `metricLatency` includes the overhead of Lambda's runtime, and requests that crashed. Needs `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  public metricModelLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('metricModelLatency').latency(options);
  }

  /**
   * Time to load the model when an instance starts, in milliseconds. Average over five minutes.
   *
   * Needs `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  public metricModelLoadTime(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('metricModelLoadTime').modelLoadTime(options);
  }

  /**
   * Number of requests that were in the sample to capture, but too large or not JSON. Sum over five minutes.
   *
   * Needs `capture` and `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  public metricDroppedCaptures(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    if (!this.captureBucket) {
      throw new ValidationError(lit`NoCapture`, 'metricDroppedCaptures has no metric to return, because the function has no capture: give capture', this);
    }
    return this.embedded('metricDroppedCaptures').droppedCaptures(options);
  }

  /**
   * Failures that `metricErrors` does not count. Undefined without `embeddedMetrics`.
   *
   * @internal
   */
  public _metricFailures(): cloudwatch.Metric | undefined {
    return this.requestMetrics?.failures();
  }

  /**
   * Captured requests that were dropped. Undefined without `capture` or `embeddedMetrics`.
   *
   * @internal
   */
  public _metricDroppedCaptures(): cloudwatch.Metric | undefined {
    return this.captureBucket && this.requestMetrics?.droppedCaptures();
  }

  private embedded(method: string): RequestMetrics {
    if (!this.requestMetrics) {
      throw new ValidationError(lit`NoEmbeddedMetrics`,
        `${method} has no metric to return, because embeddedMetrics is false: leave it out, and the handler writes one with every request`, this);
    }
    return this.requestMetrics;
  }
}
