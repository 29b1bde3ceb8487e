import type { Duration, Size } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelSource } from '../model/model-source';
import type { OptimizationOptions } from '../optimization/optimization-options';
import type { ServingBinary } from '../serving/serving-binary';
import type { TensorFlowServingOptions } from '../serving/tensorflow-serving-options';
import type { MissingCpuFeatures } from './missing-cpu-features';

/** Properties of a model served by TensorFlow Serving on virtual machines. */
export interface ModelFleetProps extends OptimizationOptions, TensorFlowServingOptions {
  /** The model to serve: it is optimized for TensorFlow Serving, or taken as published with `ModelSource.fromArtifact`. */
  readonly model: ModelSource;

  /** The VPC that the instances and the load balancer are in. */
  readonly vpc: ec2.IVpc;

  /**
   * Subnets of the instances and of the load balancer. Instances need a way to S3, CloudFormation, CloudWatch Logs and Systems Manager: by NAT, or by
   * `vpcEndpoints`.
   *
   * @default - the private subnets of `vpc`
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Whether to create the VPC endpoints that instances need, so that their subnets need no internet. Leave it out where the VPC has them: a second
   * one for the same service is refused.
   *
   * The fleets of a stack share one set for each VPC. It changes what the names of five services mean in the whole VPC: whatever runs there
   * reaches CloudFormation, Elastic Load Balancing, CloudWatch Logs and Systems Manager by these endpoints from then on, and is let in.
   *
   * @default false
   */
  readonly vpcEndpoints?: boolean;

  /**
   * The name that requests call the model by: `/v1/models/<name>`.
   *
   * The load balancer's health checks ask for it: do not change it (nor `restPort` or `grpcPort`) of a fleet that serves. The running instances know
   * the old one, and all would be found unhealthy. Make a second fleet, move the clients, and remove the first.
   *
   * @default - the construct's id in lower case, with hyphens for all but letters and digits
   */
  readonly modelName?: string;

  /**
   * The server's program.
   *
   * @default - that of the image tensorflow/serving:2.20.0; for a model with `ModelSource.fromArtifact`, the one published with it
   */
  readonly servingBinary?: ServingBinary;

  /**
   * The type of the instances, for x86_64. bfloat16 needs the 7th generation of Intel's or AMD's families, or a newer one.
   *
   * @default m7i.large
   */
  readonly instanceType?: ec2.InstanceType;

  /**
   * Image of the instances: Amazon Linux 2023 for x86_64.
   *
   * By default the newest image when the app is first synthesized is written to cdk.context.json and stays. `cdk context` lists what is there by numbers,
   * `cdk context --reset <number>` refreshes it, and the next deployment replaces the instances. That needs a stack with a known account and Region.
   *
   * @default - the Amazon Linux 2023 image that cdk.context.json names
   */
  readonly machineImage?: ec2.IMachineImage;

  /**
   * The fewest instances.
   *
   * @default 2
   */
  readonly minCapacity?: number;

  /**
   * The most instances. More than `minCapacity`, so that an update can add the new ones before it removes the old.
   *
   * @default - twice `minCapacity`
   */
  readonly maxCapacity?: number;

  /**
   * The fewest instances that serve while the group is updated: at least `minCapacity`, and less than `maxCapacity`.
   *
   * A group that has no more than this first gets a new instance, and then loses an old one. One that has grown to more first loses an old one, so that
   * one fewer serves until the new one answers. A group is not scaled while it is updated.
   *
   * @default - `minCapacity`
   */
  readonly minInstancesInService?: number;

  /**
   * How long after its start an instance's processor load does not count for scaling: it boots, and has no requests yet.
   *
   * @default Duration.minutes(5)
   */
  readonly instanceWarmup?: Duration;

  /**
   * The processor load in per cent that instances are added and removed to keep.
   *
   * @default 60
   */
  readonly targetCpuUtilization?: number;

  /**
   * What an instance does whose processor lacks a feature that the model was optimized for.
   *
   * @default MissingCpuFeatures.REFUSE
   */
  readonly missingCpuFeatures?: MissingCpuFeatures;

  /**
   * Size of each instance's disk. It holds the model twice while it is unpacked.
   *
   * @default Size.gibibytes(20)
   */
  readonly volumeSize?: Size;

  /**
   * Key that encrypts the disks. Its policy must let the service-linked role of EC2 Auto Scaling use it.
   *
   * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
   * @default - the key that AWS manages for EBS
   */
  readonly volumeEncryptionKey?: kms.IKey;

  /**
   * Certificate of the load balancer: both of its ports then speak TLS. TensorFlow Serving's REST port itself has none.
   *
   * @default - no TLS
   */
  readonly certificate?: acm.ICertificate;

  /**
   * How long a new instance may take until its model answers, up to an hour: that is how long CloudFormation waits.
   *
   * @default Duration.minutes(15)
   */
  readonly bootTimeout?: Duration;

  /**
   * How long connections may still go on when an instance leaves the load balancer. Those that are left then are cut.
   *
   * gRPC's end by themselves in half of this time, between two requests, so that a client always has moved to another instance before.
   *
   * @default Duration.seconds(120)
   */
  readonly connectionDraining?: Duration;

  /**
   * Role of the instances. It gets what it needs added.
   *
   * @default - a role that can read this model and its server, signal this stack, write the boot's log and be reached by Session Manager
   */
  readonly role?: iam.IRole;

  /**
   * Log group for how each instance's boot ended, and for the server's log and counters where they are asked for.
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
   * Whether each instance tells CloudWatch once a minute how many requests TensorFlow Serving answered, how many failed and how long they took: it writes
   * them to the log group, from which CloudWatch makes three custom metrics. Needs `monitoring`.
   *
   * CloudWatch makes none of them of a log group of the class Infrequent Access.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default false
   */
  readonly embeddedMetrics?: boolean;

  /**
   * Whether each instance sends what TensorFlow Serving prints to the log group, into a stream named `<instance id>/server`.
   *
   * It is sent every ten seconds, and from the start: an instance that is replaced because its server dies leaves the reason. Lines wait in the
   * instance's journal while CloudWatch Logs cannot be reached; the server never waits for them.
   *
   * @default false
   */
  readonly serverLogging?: boolean;
}
