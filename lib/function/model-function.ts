import { Duration, RemovalPolicy, Tokenization, Validations, ValidationError } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PythonBundling } from '../bundling/python-bundling';
import { codeAddress, pythonFunction } from '../bundling/python-code';
import { METRIC_NAMESPACE } from '../endpoint/metric-namespace';
import type { IModelEndpoint } from '../endpoint/model-endpoint';
import type { IModelArtifact } from '../model/model-artifact';
import { ModelFormat } from '../model/model-format';
import { artifactFor, checkArtifactFor } from '../optimization/endpoint-model';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { defaultModelName } from '../optimization/model-name';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { packagePath } from '../private/asset-paths';
import { failIfAny, lit } from '../private/errors';
import { checkFunctionProps, checkHookRuntime, DEFAULT_TIMEOUT, mebibytesOf } from './function-checks';
import { functionRole } from './function-role';
import { checkSize, partBytes } from './function-size';
import { HookLayer } from './hook-layer';
import { LiteRtRuntime } from './litert-runtime';
import type { ModelFunctionProps } from './model-function-props';
import { HOOK_MODULE } from './model-hook';
import { layerVersionNumber, ModelLayer } from './model-layer';
import { ONE_PROCESSOR, threadsFor } from './processors';
import { RequestMetrics } from './request-metrics';
import { RuntimeLayer } from './runtime-layer';
import { TrafficShift } from './traffic-shift';
import { VersionCheck } from './version-check';

/** The name of the alias that everything goes through. */
const ALIAS = 'live';

/**
 * A TensorFlow model served by AWS Lambda.
 *
 * The model is optimized and converted to LiteRT when the stack is deployed, and comes into the function as a layer. The
 * function answers TensorFlow Serving's REST requests through a function URL or an API, and the same bodies when it is
 * invoked directly. Callers use the alias `live`: a deployment moves it to a new version only after all else has worked.
 *
 * @example
 * const digits = new ModelFunction(this, 'Digits', {
 *   model: ModelSource.fromAsset('models/digits'),
 *   evaluation: EvaluationData.fromAsset('models/digits.npz'),   // optional
 * });
 * new CfnOutput(this, 'Url', { value: digits.addFunctionUrl().url });
 */
export class ModelFunction extends Construct implements IModelEndpoint {
  /** The name that requests call the model by: `/v1/models/<name>`. */
  public readonly modelName: string;

  /** The published model that is served. */
  public readonly artifact: IModelArtifact;

  /** What optimizes the model. Absent for an imported one. */
  public readonly optimizer?: ModelOptimizer;

  /** The Lambda function. Callers use `alias`: the function itself may already be ahead of it during a deployment. */
  public readonly lambdaFunction: lambda.Function;

  /** The alias `live` of the version that serves. */
  public readonly alias: lambda.Alias;

  /** What shifts traffic to a new version, where `deploymentConfig` says so. */
  public readonly deploymentGroup?: codedeploy.LambdaDeploymentGroup;

  /** The function's log group. */
  public readonly logGroup: logs.ILogGroup;

  private readonly requestMetrics?: RequestMetrics;
  private url?: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, props: ModelFunctionProps) {
    super(scope, id);

    this.modelName = props.modelName ?? defaultModelName(id);
    const architecture = props.architecture ?? lambda.Architecture.X86_64;
    const model = { ...props, modelName: this.modelName, format: ModelFormat.LITERT, architecture };
    failIfAny(lit`InvalidModelFunctionProps`, [
      ...checkFunctionProps(props), ...checkArtifactFor(this, 'Optimizer', model),
    ], this);

    const runtime = props.pythonRuntime ?? lambda.Runtime.PYTHON_3_13;
    const memorySize = props.memorySize ?? ONE_PROCESSOR;
    const memoryMebibytes = mebibytesOf(memorySize);
    const timeout = props.timeout ?? DEFAULT_TIMEOUT;
    const bundling = props.bundling ?? PythonBundling.AUTO;

    this.artifact = artifactFor(this, 'Optimizer', model);
    this.optimizer = this.artifact instanceof ModelOptimizer ? this.artifact : undefined;

    const layerOptions = { pythonRuntime: runtime, architecture, bundling };
    const hook = props.hook && new HookLayer(this, 'HookLayer', { ...layerOptions, hook: props.hook, modelName: this.modelName });
    const requiresNumpy = hook?.requiresNumpy;
    failIfAny(lit`InvalidModelFunctionProps`, checkHookRuntime(requiresNumpy, props.liteRtRuntime), this);
    const nano = props.liteRtRuntime === LiteRtRuntime.NUMPY || requiresNumpy ? undefined : RuntimeLayer.nano(this, layerOptions);
    const numpy = props.liteRtRuntime === LiteRtRuntime.NANO ? undefined : RuntimeLayer.numpy(this, layerOptions);
    const runtimeLayers = [nano, numpy].filter((layer) => layer !== undefined);

    const known = partBytes(() => this.lambdaFunction, hook?.layerVersion, props.layers);
    const compatibility = new ModelCompatibility(this, 'Compatibility', {
      artifact: this.artifact,
      offer: {
        endpoint: 'function',
        format: ModelFormat.LITERT,
        architecture,
        memoryMebibytes,
        timeoutSeconds: timeout.toSeconds(),
        runtime: props.liteRtRuntime,
        requiresNumpy: requiresNumpy || undefined,
        nanoLayerArn: nano?.layerVersion.layerVersionArn,
        numpyLayerArn: numpy?.layerVersion.layerVersionArn,
        nanoLayerBytes: nano?._bytes,
        numpyLayerBytes: numpy?._bytes,
        partBytes: known,
      },
    });

    const runtimeLayer = lambda.LayerVersion.fromLayerVersionAttributes(this, 'RuntimeLayer', {
      layerVersionArn: compatibility.runtimeLayerArn,
      // By default those of every runtime that the app has named so far: another construct would publish a new version.
      compatibleRuntimes: [runtime],
    });
    const modelLayer = new ModelLayer(this, 'ModelLayer', { bucket: this.artifact.bucket, compatibility, modelName: this.modelName, architecture, runtime }).layerVersion;

    const hookLayer = hook?.layerVersion;

    this.logGroup = props.logGroup ?? new logs.LogGroup(this, 'LogGroup', { retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS });
    const embeddedMetrics = props.embeddedMetrics ?? true;
    const traced = props.tracing !== undefined && props.tracing !== lambda.Tracing.DISABLED;
    this.lambdaFunction = pythonFunction(this, 'Function', {
      entry: packagePath('python', 'handler', 'src'),
      pythonBundling: bundling,
      runtime,
      architecture,
      description: props.description ?? `Serves the TensorFlow model ${this.modelName}`,
      memorySize: memoryMebibytes,
      timeout,
      role: functionRole(this, 'Role', { role: props.role, logGroup: this.logGroup, inVpc: props.vpc !== undefined, traced }),
      logGroup: this.logGroup,
      // What the handler writes is JSON already; this makes Lambda's own lines JSON as well.
      loggingFormat: lambda.LoggingFormat.JSON,
      layers: [runtimeLayer, modelLayer, ...hookLayer ? [hookLayer] : [], ...props.layers ?? []],
      environment: {
        // Of NumPy, which a hook computes with beside the model: more threads cost time to start.
        ...(numpy ? { OPENBLAS_NUM_THREADS: '1' } : {}),
        ...props.environment,
        MODEL_NAME: this.modelName,
        MODEL_RUNTIME: compatibility.runtime,
        MODEL_THREADS: Tokenization.stringifyNumber(props.threads ?? threadsFor(memorySize)),
        ...embeddedMetrics ? { METRIC_NAMESPACE } : {},
        ...props.hook ? { MODEL_HOOK: HOOK_MODULE } : {},
      },
      environmentEncryption: props.environmentEncryption,
      ephemeralStorageSize: props.ephemeralStorageSize,
      snapStart: props.snapStart ? lambda.SnapStartConf.ON_PUBLISHED_VERSIONS : undefined,
      tracing: props.tracing,
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      allowPublicSubnet: props.allowPublicSubnet,
      currentVersionOptions: {
        // The CDK's hash of a version cannot see which layers there will be: they exist only when the stack is deployed.
        // A changed description makes CloudFormation publish a new version all the same.
        description: `${this.modelName} version ${compatibility.version}, model layer ${layerVersionNumber(modelLayer.layerVersionArn)}, `
          + `runtime layer ${layerVersionNumber(compatibility.runtimeLayerArn)}`
          + (hookLayer ? `, hook layer ${layerVersionNumber(hookLayer.layerVersionArn)}` : ''),
        // Not one that a failed deployment published: Lambda publishes the same code and configuration only once, so the repaired deployment
        // of the same change would find it in its way.
        removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      },
    });
    // Equal files have another key where another tool bundled them. The CDK publishes a version for each key, and Lambda only for other code or
    // other configuration: so the configuration names the key.
    this.lambdaFunction.addEnvironment('HANDLER_CODE', codeAddress(this.lambdaFunction));
    this.requestMetrics = embeddedMetrics ? new RequestMetrics(this.lambdaFunction.functionName, this.modelName) : undefined;
    Validations.of(this.lambdaFunction).acknowledge({
      id: 'AwsSolutions-L1',
      reason: 'the Python version is the one that LiteRT was tested with, and a property of the construct',
    });
    const scaled = props.maxProvisionedConcurrentExecutions !== undefined;
    this.alias = new lambda.Alias(this, 'Alias', {
      aliasName: ALIAS,
      version: this.lambdaFunction.currentVersion,
      // Where it scales, the scaling decides, from the first deployment on: a fixed number would be set back by each update.
      provisionedConcurrentExecutions: scaled ? undefined : props.provisionedConcurrentExecutions,
    });
    if (props.reservedConcurrentExecutions === 0) {
      Validations.of(this).addWarning('cdk-tensorflow:UncheckedVersion', 'reservedConcurrentExecutions is 0, so nothing can be asked, and the alias moves to a new '
        + 'version unchecked: the deployment that raises it asks the version that is published then');
    } else {
      this.alias.node.addDependency(new VersionCheck(this, 'VersionCheck', {
        version: this.lambdaFunction.currentVersion, modelName: this.modelName, bucket: this.artifact.bucket, compatibility, hook: props.hook,
      }));
    }
    if (scaled) {
      this.alias.addAutoScaling({ minCapacity: props.provisionedConcurrentExecutions, maxCapacity: props.maxProvisionedConcurrentExecutions! })
        .scaleOnUtilization({ utilizationTarget: props.provisionedConcurrencyUtilization ?? 0.7 });
    }
    if (props.deploymentConfig) {
      this.deploymentGroup = new TrafficShift(this, 'TrafficShift', {
        alias: this.alias,
        deploymentConfig: props.deploymentConfig,
        failures: this.requestMetrics?.failuresOf(this.lambdaFunction.currentVersion.version, compatibility.version),
        maxErrorRate: props.deploymentMaxErrorRate ?? 0.01,
        maxLatency: props.deploymentMaxLatency ?? Duration.millis(timeout.toMilliseconds() / 2),
        alarms: props.deploymentAlarms ?? [],
      }).deploymentGroup;
    }

    this.node.addValidation({ validate: () => checkSize(this, known, runtimeLayers) });
  }

  /** The function URL, when there is one. */
  public get functionUrl(): lambda.FunctionUrl | undefined {
    return this.url;
  }

  /**
   * Gives the alias a URL that answers TensorFlow Serving's REST requests.
   *
   * Callers must sign their requests and need `grantInvokeUrl`, unless the options say `FunctionUrlAuthType.NONE`: then
   * everybody can call, and you pay.
   *
   * @param options authentication and cross-origin requests
   */
  public addFunctionUrl(options: lambda.FunctionUrlOptions = {}): lambda.FunctionUrl {
    failIfAny(lit`InvalidFunctionUrl`, [
      ...(this.url ? ['the function has a URL already: Lambda allows one for an alias'] : []),
      ...(options.invokeMode === lambda.InvokeMode.RESPONSE_STREAM
        ? ['invokeMode RESPONSE_STREAM has no effect: Lambda streams no answers of Python functions; leave it out'] : []),
    ], this);
    return this.url = this.alias.addFunctionUrl(options);
  }

  /**
   * Lets a principal invoke the alias directly.
   *
   * @param grantee who may invoke
   */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.alias.grantInvoke(grantee);
  }

  /**
   * Lets a principal call the function URL.
   *
   * @param grantee who may call
   */
  public grantInvokeUrl(grantee: iam.IGrantable): iam.Grant {
    if (!this.url) {
      throw new ValidationError(lit`NoFunctionUrl`, 'the function has no URL that calls could be granted for: call addFunctionUrl() first', this);
    }
    return this.url.grantInvokeUrl(grantee);
  }

  /**
   * How many requests were answered, refused ones included. Sum over five minutes.
   *
   * @param options what to change about the metric
   */
  public metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricInvocations(options);
  }

  /**
   * How many invocations crashed, ran out of time, or failed as a direct invocation. Sum over five minutes.
   *
   * A refused request (4xx) is none, nor is a failure that an HTTP caller sees as a 500: see `metricFailures`.
   *
   * @param options what to change about the metric
   */
  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricErrors(options);
  }

  /**
   * How long an invocation takes, in milliseconds, the start of a new instance not included. 99th percentile over five minutes.
   *
   * @param options what to change about the metric
   */
  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricDuration({ statistic: cloudwatch.Stats.percentile(99), ...options });
  }

  /**
   * How many requests the function answered by 500, e.g. because the hook failed. Sum over five minutes.
   *
   * Lambda does not count them as errors, since they have an answer. A direct invocation that fails so has none: it counts in `metricErrors`.
   * The log has the traceback of each. Needs `embeddedMetrics`.
   *
   * @param options what to change about the metric
   */
  public metricFailures(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('metricFailures').failures(options);
  }

  /**
   * How long the handler takes for a request, in milliseconds: parsing, the model and the hook. 99th percentile over five minutes.
   *
   * `metricLatency` has what Lambda's runtime adds, and the requests that crashed. Needs `embeddedMetrics`.
   *
   * @param options what to change about the metric
   */
  public metricModelLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('metricModelLatency').latency(options);
  }

  /**
   * How long loading the model takes when an instance starts, in milliseconds. Average over five minutes.
   *
   * Needs `embeddedMetrics`.
   *
   * @param options what to change about the metric
   */
  public metricModelLoadTime(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('metricModelLoadTime').modelLoadTime(options);
  }

  /**
   * The failures that `metricErrors` does not count, where they are counted.
   *
   * @internal
   */
  public _metricFailures(): cloudwatch.Metric | undefined {
    return this.requestMetrics?.failures();
  }

  private embedded(method: string): RequestMetrics {
    if (!this.requestMetrics) {
      throw new ValidationError(lit`NoEmbeddedMetrics`,
        `${method} has no metric to return, because embeddedMetrics is false: leave it out, and the handler writes one with every request`, this);
    }
    return this.requestMetrics;
  }
}
