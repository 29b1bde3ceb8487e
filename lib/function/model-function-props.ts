import type { Duration, Size } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { PythonBundling } from '../bundling/python-bundling';
import type { ReplayOptions } from '../endpoint/replay-options';
import type { RequestCapture } from '../endpoint/request-capture';
import type { Rollout } from '../endpoint/rollout';
import type { ModelSource } from '../model/model-source';
import type { OptimizationOptions } from '../optimization/optimization-options';
import type { ModelHook } from './model-hook';
import type { LiteRtRuntime } from './runtime-layer-props';

/** Properties of a model served by AWS Lambda. */
export interface ModelFunctionProps extends OptimizationOptions {
  /** The model to serve: optimized for Lambda, or already published with `ModelSource.fromArtifact`. */
  readonly model: ModelSource;

  /**
   * Name of the model in request paths: `/v1/models/<name>`. At most 63 letters, digits, underscores, hyphens and dots.
   *
   * @default - the construct's id in lower case, with other characters than letters and digits replaced by hyphens
   */
  readonly modelName?: string;

  /**
   * Your own code before and after the model, e.g. to accept text instead of numbers. For images, `imageInput` needs no hook.
   *
   * @default - requests and answers are those of TensorFlow Serving
   */
  readonly hook?: ModelHook;

  /**
   * The runtime of the model.
   *
   * @default - native if the optimization has proved that it gives LiteRT's own answers; numpy otherwise, and with `hook` or `snapStart`
   */
  readonly liteRtRuntime?: LiteRtRuntime;

  /**
   * The Python version for the numpy runtime and hooks. At least 3.12, because LiteRT needs that runtime's C library.
   *
   * @default lambda.Runtime.PYTHON_3_13
   */
  readonly pythonRuntime?: lambda.Runtime;

  /**
   * The processor architecture.
   *
   * LiteRT's arm64 wheels need the C++ library of Amazon Linux 2023.7 (April 2025) or newer. Bundling checks every shared object against the
   * libraries of the runtime; it has not been tested on arm64 hardware.
   *
   * @default lambda.Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * Memory of the function. Lambda allocates processor time in proportion; the default gives one full processor.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
   * @default Size.mebibytes(1769)
   */
  readonly memorySize?: Size;

  /**
   * Number of threads that compute one answer, from 1 to 6.
   *
   * More than one helps only models with large convolutions or matrix products that take several milliseconds, and only if `memorySize` provides the
   * processors: one for each 1769 MiB. The answers are the same.
   *
   * @default - one for each full processor that `memorySize` provides; one if it is a token
   */
  readonly threads?: number;

  /**
   * Maximum time for a request, including the loading of the model.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;

  /**
   * Maximum number of concurrent requests, reserved from the account's limit.
   *
   * 0 stops the function. A new version cannot be checked then, and the alias moves to it unchecked.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
   * @default - only the account's limit
   */
  readonly reservedConcurrentExecutions?: number;

  /**
   * Number of instances that are always started, with the model loaded. They cost money while idle.
   *
   * The minimum if `maxProvisionedConcurrentExecutions` is set. Cannot be combined with `snapStart`.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
   * @default - none: an instance starts when a request needs it
   */
  readonly provisionedConcurrentExecutions?: number;

  /**
   * Maximum number of started instances. The number follows their utilization.
   *
   * While a deployment shifts traffic, Lambda does not change the number.
   *
   * @default - `provisionedConcurrentExecutions`, regardless of utilization
   */
  readonly maxProvisionedConcurrentExecutions?: number;

  /**
   * Share of the started instances that may be in use before more are started, between 0.1 and 0.9.
   *
   * @default 0.7
   */
  readonly provisionedConcurrencyUtilization?: number;

  /**
   * Start new instances from a snapshot of a published version that has loaded its model.
   *
   * Selects the numpy runtime, and may help a hook with heavy imports; a native function starts faster than a snapshot is read. Lambda charges for
   * cached snapshots and for every restore. Cannot be combined with provisioned concurrency or more than 512 MB of `ephemeralStorageSize`.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
   * @default false
   */
  readonly snapStart?: boolean;

  /**
   * Size of /tmp. Serving does not use it; a hook may.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
   * @default Size.mebibytes(512)
   */
  readonly ephemeralStorageSize?: Size;

  /**
   * Strategy by which a new version takes over. Step by step, CodeDeploy shifts the traffic, and alarms on the new version's errors and latency roll the
   * deployment back.
   *
   * A bake and the time between two steps are whole minutes.
   *
   * @see https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
   * @default Rollout.allAtOnce(), after the rest of the deployment has succeeded
   */
  readonly rollout?: Rollout;

  /**
   * Trace invocations with AWS X-Ray. The function's role gets the permissions.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
   * @default lambda.Tracing.DISABLED
   */
  readonly tracing?: lambda.Tracing;

  /**
   * Log a line for every request, from which CloudWatch extracts metrics: latency and failures, for the model and each version of it, and the time to
   * load the model.
   *
   * These are custom metrics (up to six, and six more for each further version in use), and the log grows by about 700 bytes per request.
   * A log group of the class Infrequent Access supports no such metrics. Without them, only starts and failures are logged.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default true
   */
  readonly embeddedMetrics?: boolean;

  /**
   * Capture requests with their answers in a bucket of their own. They may be personal data: see the guide on security.
   *
   * The function writes them to its log, of which a log group of the class Infrequent Access delivers nothing.
   *
   * @default - nothing is captured
   */
  readonly capture?: RequestCapture;

  /**
   * Replay the newest captured requests to a new version before callers use it, and end the deployment if its answers differ too much from the
   * recorded ones. Without captured requests that another version answered, the golden requests alone are compared.
   *
   * Needs `capture`. Not for a function with a `hook`. Replayed requests are neither captured nor counted.
   *
   * @default - golden requests alone are compared
   */
  readonly replay?: ReplayOptions;

  /**
   * Serve a page that sends predict requests from a browser, at `/v1/models/<name>/explorer`.
   *
   * Selects the native runtime: a model that was not proved for it is refused. The page has no sign-in of its own, so `addFunctionUrl` needs
   * `FunctionUrlAuthType.NONE`, and warns that anybody can use it. Without this property `cdk-tensorflow open` serves the same page on your machine,
   * also for endpoints behind IAM.
   *
   * @default false
   */
  readonly explorer?: boolean;

  /**
   * Additional environment variables of the function.
   *
   * A secret of Secrets Manager, by a dynamic reference, reaches the function only. Do not give a parameter with `noEcho`: the stack's build provider gets
   * its value, to notice when it changes, and logs it.
   *
   * @default - only those that the handler needs
   */
  readonly environment?: { [name: string]: string };

  /**
   * Key that encrypts the environment variables.
   *
   * @default - a key managed by AWS
   */
  readonly environmentEncryption?: kms.IKeyRef;

  /**
   * Additional layers, e.g. an extension. Runtime and model take two of the five that Lambda allows.
   *
   * @default - none
   */
  readonly layers?: lambda.ILayerVersion[];

  /**
   * Description of the function.
   *
   * @default - names the model
   */
  readonly description?: string;

  /**
   * Execution role of the function. The permissions it needs are added. One that another stack creates has to be imported:
   * `iam.Role.fromRoleArn(this, 'Role', role.roleArn)`.
   *
   * @default - a role that can only write to the function's own log group
   */
  readonly role?: iam.IRole;

  /**
   * VPC of the function. Not needed for the model, which comes as a layer.
   *
   * @default - no VPC
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Subnets of the function.
   *
   * @default - the private subnets of `vpc`
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the function.
   *
   * @default - one is created if there is a VPC
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Allow public subnets. A function cannot reach the internet from there; this one does not need to.
   *
   * @default false
   */
  readonly allowPublicSubnet?: boolean;

  /**
   * Log group of the function.
   *
   * @default - one is created, and kept when the stack is deleted
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * Retention of log events. Not longer than captured requests, which pass through the log.
   *
   * @default logs.RetentionDays.THREE_MONTHS, or with `capture` the longest that is not longer than its retention
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Place where code and packages are bundled. The functions of a stack share the runtime's layer: `AUTO` and `LOCAL` agree, `docker()` only with equal
   * options. The function of an endpoint with `replay` uses the layer of a function with `docker()` that is defined before the endpoint.
   *
   * @default PythonBundling.AUTO
   */
  readonly bundling?: PythonBundling;
}
