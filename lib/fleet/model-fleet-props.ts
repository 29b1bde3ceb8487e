import type { Duration, Size } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { ReplayOptions } from '../endpoint/replay-options';
import type { RequestCapture } from '../endpoint/request-capture';
import type { Rollout } from '../endpoint/rollout';
import type { ModelSource } from '../model/model-source';
import type { OptimizationOptions } from '../optimization/optimization-options';
import type { ModelServer } from '../serving/model-server';
import type { ServingBinary } from '../serving/serving-binary';
import type { TensorFlowServingOptions } from '../serving/tensorflow-serving-options';

/** Properties of a model served on virtual machines. */
export interface ModelFleetProps extends OptimizationOptions, TensorFlowServingOptions {
  /** The model to serve: optimized for `server`, or used as published with `ModelSource.fromArtifact`. */
  readonly model: ModelSource;

  /**
   * The server. `ModelServer.LITERT` serves the same artifact as `ModelFunction`, also on Graviton, and starts in milliseconds; it takes only
   * models that the optimization job has proved for it. Of the options of TensorFlow Serving it lacks batching, warm-up and threads.
   *
   * @default ModelServer.TENSORFLOW_SERVING
   */
  readonly server?: ModelServer;

  /** The VPC of the instances and the load balancer. */
  readonly vpc: ec2.IVpc;

  /**
   * Subnets of the instances and the load balancer. Instances need access to S3, CloudFormation, CloudWatch Logs and Systems Manager, by NAT
   * or `vpcEndpoints`.
   *
   * @default - the private subnets of `vpc`
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Create the VPC endpoints that instances need, so that their subnets need no internet access. Leave it out if the VPC has them:
   * a second endpoint for the same service is rejected. With `capture` there is one for Firehose as well.
   *
   * Fleets in a stack share one set per VPC. The endpoints affect the whole VPC: everything in it then reaches CloudFormation, Elastic Load Balancing,
   * CloudWatch Logs and Systems Manager through them, and is allowed to.
   *
   * @default false
   */
  readonly vpcEndpoints?: boolean;

  /**
   * Name of the model in request paths: `/v1/models/<name>`. At most 63 letters, digits, underscores, hyphens and dots.
   *
   * The load balancer's health checks use it. Do not change it, `restPort` or `grpcPort` of a running fleet: its instances still use the old
   * values and would all become unhealthy. Create a second fleet, move the clients, and remove the first.
   *
   * @default - the construct's id in lower case, with hyphens in place of all characters except letters and digits
   */
  readonly modelName?: string;

  /**
   * The executable of TensorFlow Serving. `ModelServer.LITERT` brings its own.
   *
   * @default - from the image tensorflow/serving:2.20.0; with `ModelSource.fromArtifact`, the one published with the model
   */
  readonly servingBinary?: ServingBinary;

  /**
   * Instance type: x86_64, or arm64 (Graviton) with `ModelServer.LITERT`. The processor also decides the image, and where the model is optimized.
   * bfloat16 needs generation 7 or newer of the Intel or AMD families.
   *
   * @default m7i.large
   */
  readonly instanceType?: ec2.InstanceType;

  /**
   * Image of the instances: Amazon Linux 2023 for the processor of `instanceType`.
   *
   * The default is the newest image at the first synthesis, which is stored in cdk.context.json. To update it, find its number with `cdk context` and
   * run `cdk context --reset <number>`; the next deployment replaces the instances. The stack needs a known account and Region.
   *
   * @default - the Amazon Linux 2023 image that cdk.context.json names
   */
  readonly machineImage?: ec2.IMachineImage;

  /**
   * Minimum number of instances.
   *
   * @default 2
   */
  readonly minCapacity?: number;

  /**
   * Maximum number of instances. It must be greater than `minCapacity`, so that an update can add new instances before it removes old ones.
   *
   * @default - twice `minCapacity`
   */
  readonly maxCapacity?: number;

  /**
   * Minimum number of instances that serve during an update: at least `minCapacity`, and less than `maxCapacity`.
   *
   * A group of this size adds a new instance before it removes an old one. A larger group first removes an old instance, so that one fewer serves until
   * the new one answers. Groups do not scale during an update.
   *
   * @default - `minCapacity`
   */
  readonly minInstancesInService?: number;

  /**
   * Strategy by which a new version takes over. All at once means one instance after another, each as soon as its model answers.
   *
   * With `Rollout.canary()` a small second Auto Scaling group stands beside the first, permanently, behind the same load balancer. It gets a new version
   * first; if its instances become unhealthy or an alarm goes off while they serve it, the deployment fails and no other instance is changed.
   * `maxErrorRate` needs `embeddedMetrics`; `maxLatency` is refused.
   *
   * @default Rollout.allAtOnce()
   */
  readonly rollout?: Rollout;

  /**
   * Time after its start that an instance's processor utilization is ignored for scaling, because it boots and has no requests yet.
   *
   * @default Duration.minutes(5)
   */
  readonly instanceWarmup?: Duration;

  /**
   * Target processor utilization for scaling, in percent.
   *
   * @default 60
   */
  readonly targetCpuUtilization?: number;

  /**
   * Behavior of an instance whose processor lacks a feature that the model was optimized for.
   *
   * @default MissingCpuFeatures.REFUSE
   */
  readonly missingCpuFeatures?: MissingCpuFeatures;

  /**
   * Size of each instance's disk. It must hold the model twice during unpacking.
   *
   * @default Size.gibibytes(20)
   */
  readonly volumeSize?: Size;

  /**
   * Encryption key of the disks. Its policy must allow the service-linked role of EC2 Auto Scaling.
   *
   * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
   * @default - the key that AWS manages for EBS
   */
  readonly volumeEncryptionKey?: kms.IKeyRef;

  /**
   * Certificate for TLS on both ports of the load balancer. Between the load balancer and the instances, TensorFlow Serving's REST port has no TLS.
   *
   * @default - no TLS
   */
  readonly certificate?: acm.ICertificateRef;

  /**
   * Maximum time until a new instance's model answers. At most one hour, which is CloudFormation's limit.
   *
   * @default Duration.minutes(15)
   */
  readonly bootTimeout?: Duration;

  /**
   * Time that existing connections continue when an instance leaves the load balancer. Then they are closed.
   *
   * gRPC connections are renewed after half of this time, between requests, so that clients move to another instance before the limit.
   *
   * @default Duration.seconds(120)
   */
  readonly connectionDraining?: Duration;

  /**
   * Role of the instances. The required permissions are added. One that another stack creates has to be imported:
   * `iam.Role.fromRoleArn(this, 'Role', role.roleArn)`.
   *
   * @default - a role that can read this model and its server, signal this stack, write to the log group and use Session Manager
   */
  readonly role?: iam.IRole;

  /**
   * Log group for the result of each instance's boot, and for the server's log and counters if enabled.
   *
   * @default - one is created, and kept when the stack is deleted
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * Retention of log events.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Capture requests with their answers in a bucket of their own. They may be personal data: see the guide on security. Needs `ModelServer.LITERT`.
   *
   * The server sends them to Firehose with the instances' role, whose credentials it can therefore read.
   * Requests over gRPC are captured as the same requests over REST would be, in column format. No request waits: what the server cannot send in time
   * is dropped, and counted by `model_server:dropped_captures` among its metrics.
   *
   * @default - nothing is captured
   */
  readonly capture?: RequestCapture;

  /**
   * Replay the newest captured requests to a new version before any instance gets it, and end the deployment if its answers differ too much from the
   * recorded ones. Without captured requests that another version answered, golden requests alone are compared.
   *
   * Needs `capture`, and `ModelServer.LITERT`. A Lambda function of the stack answers them, which runs the same model by the same native program and is
   * idle otherwise: the model must fit into Lambda (250 MB unzipped, 10,240 MiB of memory). Replayed requests are neither captured nor counted.
   *
   * @default - nothing is replayed
   */
  readonly replay?: ReplayOptions;

  /**
   * Publish the server's number of requests, errors and latency from each instance once a minute. The values are written to the log group,
   * from which CloudWatch creates three custom metrics, and with `capture` a fourth. Needs `monitoring`.
   *
   * Log groups of the class Infrequent Access do not support this.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default false
   */
  readonly embeddedMetrics?: boolean;

  /**
   * Send the server's output from each instance to the log group, to the stream `<instance id>/server`.
   *
   * Output is sent every ten seconds from the start, so that it also shows why a server crashed before its instance was replaced. While CloudWatch Logs
   * is unreachable, lines stay in the instance's journal; the server never waits.
   *
   * @default false
   */
  readonly serverLogging?: boolean;
}

/** Behavior of an instance whose processor lacks a feature that the model was optimized for, such as bfloat16. */
export enum MissingCpuFeatures {
  /** The boot fails and reports the reason, because TensorFlow Serving would crash at the first request. */
  REFUSE = 'refuse',

  /** Serves with oneDNN turned off: correct but slower. */
  DISABLE_ONEDNN = 'disable_onednn',
}
