import type { Duration, Size } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { PythonBundling } from '../bundling/python-bundling';
import type { ModelSource } from '../model/model-source';
import type { OptimizationOptions } from '../optimization/optimization-options';
import type { LiteRtRuntime } from './litert-runtime';
import type { ModelHook } from './model-hook';

/** Properties of a model served by AWS Lambda. */
export interface ModelFunctionProps extends OptimizationOptions {
  /** The model to serve: it is optimized for Lambda, or taken as published with `ModelSource.fromArtifact`. */
  readonly model: ModelSource;

  /**
   * The name that requests call the model by: `/v1/models/<name>`.
   *
   * @default - the construct's id in lower case, with hyphens for all but letters and digits
   */
  readonly modelName?: string;

  /**
   * Your own code before and after the model, e.g. to take pictures instead of numbers.
   *
   * @default - requests and answers are those of TensorFlow Serving
   */
  readonly hook?: ModelHook;

  /**
   * What runs the model.
   *
   * @default - native where the optimization has proved that it gives LiteRT's own answers; numpy otherwise, and with `hook` or `snapStart`
   */
  readonly liteRtRuntime?: LiteRtRuntime;

  /**
   * The Python runtime of the numpy runtime and of hooks. 3.12 is the oldest: LiteRT needs its C library.
   *
   * @default lambda.Runtime.PYTHON_3_13
   */
  readonly pythonRuntime?: lambda.Runtime;

  /**
   * The processor that serves.
   *
   * LiteRT has wheels for both. Those for arm64 need the C++ library of Amazon Linux 2023.7 (April 2025) or newer. Bundling checks every
   * shared object against what the function's system has; on arm64 hardware it was not run.
   *
   * @default lambda.Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * Memory of the function. Lambda gives processor time in proportion; the default is one whole processor.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
   * @default Size.mebibytes(1769)
   */
  readonly memorySize?: Size;

  /**
   * How many threads compute one answer, at most six.
   *
   * More than one helps a model whose answer takes some milliseconds or more in large convolutions or matrix products, and only as far as
   * `memorySize` buys processors: one for each 1769 MiB. A small model gains nothing. Answers are the same.
   *
   * @default - one for each whole processor that `memorySize` buys; one where it is a token
   */
  readonly threads?: number;

  /**
   * How long one request may take, loading the model included.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;

  /**
   * How many requests may be served at the same time. Takes that many from the account's limit.
   *
   * 0 stops the function. Then a new version cannot be asked either, and the alias moves to it unchecked.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
   * @default - no limit but the account's
   */
  readonly reservedConcurrentExecutions?: number;

  /**
   * How many instances of the alias are always started and have their model loaded. They cost while they wait.
   *
   * With `maxProvisionedConcurrentExecutions` the fewest there are. Excludes `snapStart`.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
   * @default - none: an instance starts when a request needs it
   */
  readonly provisionedConcurrentExecutions?: number;

  /**
   * How many instances may be kept started when many are in use. The number follows their use.
   *
   * While a deployment shifts traffic, Lambda lets the number of an alias stand as it is.
   *
   * @default - `provisionedConcurrentExecutions`, whatever their use
   */
  readonly maxProvisionedConcurrentExecutions?: number;

  /**
   * Which share of the started instances may be in use before more are started, between 0.1 and 0.9.
   *
   * @default 0.7
   */
  readonly provisionedConcurrencyUtilization?: number;

  /**
   * Whether new instances start from a snapshot, taken of a published version after it has loaded its model.
   *
   * For the numpy runtime, which it chooses: a hook with heavy imports may start faster. A native function has started before a snapshot
   * is read. Lambda charges for cached snapshots and for every start from one. Excludes provisioned concurrency and more than 512 MB of
   * `ephemeralStorageSize`.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
   * @default false
   */
  readonly snapStart?: boolean;

  /**
   * Size of /tmp. Serving needs none of it; a hook may.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
   * @default Size.mebibytes(512)
   */
  readonly ephemeralStorageSize?: Size;

  /**
   * How a deployment moves the alias to a new version: step by step, watched by alarms on the new version's errors and
   * latency, and back to the old version as soon as one of them goes off. CodeDeploy does it.
   *
   * @see https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
   * @default - at once, after all else of the deployment has worked
   */
  readonly deploymentConfig?: codedeploy.ILambdaDeploymentConfig;

  /**
   * Which share of the new version's invocations may fail while traffic shifts, between 0 and 1. Needs `deploymentConfig`.
   *
   * @default 0.01
   */
  readonly deploymentMaxErrorRate?: number;

  /**
   * How long the new version's answers may take (99th percentile) while traffic shifts. Needs `deploymentConfig`.
   *
   * @default - half of `timeout`
   */
  readonly deploymentMaxLatency?: Duration;

  /**
   * Further alarms that end a deployment and take it back. Needs `deploymentConfig`.
   *
   * @default - none besides those on errors and latency
   */
  readonly deploymentAlarms?: cloudwatch.IAlarm[];

  /**
   * Whether AWS X-Ray traces invocations. The function's role gets what that needs.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
   * @default lambda.Tracing.DISABLED
   */
  readonly tracing?: lambda.Tracing;

  /**
   * Whether every request writes a line to the log, from which CloudWatch makes metrics: latency and failures, for the model and for
   * each version of it, and the time that loading it takes.
   *
   * They are custom metrics (up to six, and six more for each further version in use), and the log grows by about 700 bytes a request.
   * CloudWatch makes none of them of a log group of the class Infrequent Access. Without them, the log has starts and failures only.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default true
   */
  readonly embeddedMetrics?: boolean;

  /**
   * Further environment variables of the function.
   *
   * @default - only those that the handler needs
   */
  readonly environment?: { [name: string]: string };

  /**
   * Key that encrypts the environment variables.
   *
   * @default - a key that AWS manages
   */
  readonly environmentEncryption?: kms.IKey;

  /**
   * Further layers, e.g. an extension. Runtime and model take two of the five that Lambda allows.
   *
   * @default - none
   */
  readonly layers?: lambda.ILayerVersion[];

  /**
   * What the function is for, as the console shows it.
   *
   * @default - says which model it serves
   */
  readonly description?: string;

  /**
   * Role that the function runs as. It gets what it needs added.
   *
   * @default - a role that can write to the function's own log group and nothing more
   */
  readonly role?: iam.IRole;

  /**
   * VPC that the function runs in. It needs none: the model comes as a layer.
   *
   * @default - no VPC
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Subnets that the function runs in.
   *
   * @default - the private subnets of `vpc`
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the function.
   *
   * @default - one is created where there is a VPC
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Whether public subnets may be chosen. A function there cannot reach the internet, and this one needs no internet.
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
   * How long log events are kept.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Where code and packages are put together.
   *
   * @default PythonBundling.AUTO
   */
  readonly bundling?: PythonBundling;
}
