import { Aws, Lazy, Stack, ValidationError } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../endpoint/metric-namespace';
import type { IModelEndpoint } from '../endpoint/model-endpoint';
import type { IModelArtifact } from '../model/model-artifact';
import { ModelFormat } from '../model/model-format';
import { artifactFor, checkArtifactFor } from '../optimization/endpoint-model';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { defaultModelName } from '../optimization/model-name';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { ServingBinary } from '../serving/serving-binary';
import type { StoredBinary } from '../serving/stored-binary';
import { checkFleetProps, fleetDefaults } from './fleet-checks';
import { FleetEndpoints } from './fleet-endpoints';
import { fleetGroup, fleetLaunchTemplate } from './fleet-instances';
import { FleetMetrics } from './fleet-metrics';
import { FleetNetwork } from './fleet-network';
import { grantBoot } from './instance-grants';
import { instanceProgram, senderPrograms } from './instance-program';
import { instanceRole } from './instance-role';
import { cpuFeaturesOf } from './instance-type-rules';
import { MissingCpuFeatures } from './missing-cpu-features';
import type { ModelFleetProps } from './model-fleet-props';
import type { UserDataOptions } from './user-data';
import { MAX_USER_DATA_BYTES, renderUserData } from './user-data';

/** Before CloudFormation gives up, an instance that has given up says why. CloudFormation counts from before the instance's system starts. */
const BOOT_MARGIN_SECONDS = 120;

/** What names and digests that are known only when the stack is deployed may add to the user data. */
const TOKEN_BYTES = 2048;

/** The longest that requests may need to end when the server is stopped outside of an update. */
const LONGEST_STOP_SECONDS = 60;

/**
 * A TensorFlow model served by TensorFlow Serving on virtual machines.
 *
 * The instances of an Auto Scaling group bring the published model and the server from S3, check every file, and join an internal network load balancer.
 * A new version of the model replaces the instances one by one, and at no time do fewer than `minInstancesInService` serve; a version that does not
 * answer is rolled back.
 */
export class ModelFleet extends Construct implements IModelEndpoint, ec2.IConnectable {
  /** The name that requests call the model by: `/v1/models/<name>`. */
  public readonly modelName: string;

  /** The published model that is served. */
  public readonly artifact: IModelArtifact;

  /** What optimizes the model, unless it was published already. */
  public readonly optimizer?: ModelOptimizer;

  /** Who may reach the load balancer: nobody, until you say so. The default port is REST's. */
  public readonly connections: ec2.Connections;

  /** The load balancer. It is reached from inside the VPC only. */
  public readonly loadBalancer: elbv2.NetworkLoadBalancer;

  /** The load balancer's port for gRPC. */
  public readonly grpcListener: elbv2.NetworkListener;

  /** The load balancer's port for REST. */
  public readonly restListener: elbv2.NetworkListener;

  /** Where requests by gRPC go. */
  public readonly grpcTargetGroup: elbv2.NetworkTargetGroup;

  /** Where requests by REST go. */
  public readonly restTargetGroup: elbv2.NetworkTargetGroup;

  /** The group of instances. */
  public readonly autoScalingGroup: autoscaling.AutoScalingGroup;

  /** What instances are made from. */
  public readonly launchTemplate: ec2.LaunchTemplate;

  /** The role that instances have. */
  public readonly role: iam.IRole;

  /** The log group that says how each instance's boot ended; with `serverLogging` it has the server's log, too. */
  public readonly logGroup: logs.ILogGroup;

  /** The security group of the instances. */
  public readonly instanceSecurityGroup: ec2.SecurityGroup;

  /**
   * Who may reach the interface endpoints that `vpcEndpoints` creates: everything at the VPC's first range of addresses. Let in what has others.
   *
   * @default - none without `vpcEndpoints`
   */
  public readonly vpcEndpointConnections?: ec2.Connections;

  private readonly metrics?: FleetMetrics;

  constructor(scope: Construct, id: string, props: ModelFleetProps) {
    super(scope, id);

    this.modelName = props.modelName ?? defaultModelName(id);
    const servingBinary = ServingBinary._of(props.servingBinary, props.model);
    const model = {
      ...props, modelName: this.modelName, format: ModelFormat.SAVED_MODEL, architecture: lambda.Architecture.X86_64, ...servingBinary._requirements,
    };
    failIfAny(lit`InvalidModelFleetProps`, [
      ...checkFleetProps(this, props),
      ...checkArtifactFor(this, 'Optimizer', model),
    ], this);

    const { vpc } = props;
    const defaults = fleetDefaults(props);
    const vpcSubnets = props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS };
    const instanceType = props.instanceType ?? ec2.InstanceType.of(ec2.InstanceClass.M7I, ec2.InstanceSize.LARGE);
    const missingCpuFeatures = props.missingCpuFeatures ?? MissingCpuFeatures.REFUSE;

    this.artifact = artifactFor(this, 'Optimizer', { ...model, ...servingBinary._image(this) });
    this.optimizer = this.artifact instanceof ModelOptimizer ? this.artifact : undefined;
    const compatibility = new ModelCompatibility(this, 'Compatibility', {
      artifact: this.artifact,
      offer: {
        endpoint: 'fleet',
        format: ModelFormat.SAVED_MODEL,
        architecture: lambda.Architecture.X86_64,
        cpuFeatures: missingCpuFeatures === MissingCpuFeatures.REFUSE ? cpuFeaturesOf(instanceType) : undefined,
        requiresServer: model.requiresServer || undefined,
      },
    });
    const server = servingBinary._bind(this, { bucket: this.artifact.bucket, key: compatibility.serverKey, sha256: compatibility.serverSha256 });

    this.logGroup = props.logGroup ?? new logs.LogGroup(this, 'LogGroup', { retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS });
    this.role = instanceRole(this, 'Role', { role: props.role, logGroup: this.logGroup });
    const boot = instanceProgram(this, 'BootScript', 'boot.py');
    const senders = senderPrograms(this, props);
    const grants = grantBoot(this.role, { artifact: this.artifact, server, programs: [boot, ...senders] });

    const network = new FleetNetwork(this, 'Network', { ...props, vpcSubnets, modelName: this.modelName, connectionDraining: defaults.connectionDraining });
    this.loadBalancer = network.loadBalancer;
    this.grpcListener = network.grpcListener;
    this.restListener = network.restListener;
    this.grpcTargetGroup = network.grpcTargetGroup;
    this.restTargetGroup = network.restTargetGroup;
    this.instanceSecurityGroup = network.instanceSecurityGroup;
    this.connections = new ec2.Connections({ securityGroups: [network.loadBalancerSecurityGroup], defaultPort: network.restPort });
    const endpoints = props.vpcEndpoints ? FleetEndpoints.of(this, vpc, vpcSubnets) : undefined;
    this.vpcEndpointConnections = endpoints?.connections;

    // It names the group, which is made from it. cloud-init takes it for a script only if nothing comes before its first line.
    let script = '';
    const userData = ec2.UserData.custom(Lazy.string({ produce: () => script }));
    this.launchTemplate = fleetLaunchTemplate(this, 'LaunchTemplate', props, {
      instanceType, role: this.role, securityGroup: this.instanceSecurityGroup, userData,
    });
    this.autoScalingGroup = fleetGroup(this, 'Group', props, { vpc, vpcSubnets, launchTemplate: this.launchTemplate });
    for (const targets of [this.grpcTargetGroup, this.restTargetGroup]) {
      // Their health check names the model: it must not change before the model is there, or while its build still may fail.
      targets.node.addDependency(compatibility.resource);
      this.autoScalingGroup.attachToNetworkTargetGroup(targets);
    }
    this.autoScalingGroup.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: defaults.targetCpuUtilization });
    this.waitForWays(vpc.selectSubnets(vpcSubnets), [...grants, ...endpoints ? [endpoints] : [], this.grpcListener, this.restListener]);

    const fleetName = `${Aws.STACK_NAME}/${(this.autoScalingGroup.node.defaultChild as autoscaling.CfnAutoScalingGroup).logicalId}`;
    this.metrics = props.embeddedMetrics ? new FleetMetrics(fleetName, this.modelName) : undefined;
    script = this.renderUserData(props, compatibility, server, {
      bootUrl: boot.asset.s3ObjectUrl,
      bootSha256: boot.sha256,
      missingCpuFeatures,
      timeoutSeconds: defaults.bootTimeout.toSeconds() - BOOT_MARGIN_SECONDS,
      stopSeconds: Math.min(defaults.connectionDraining.toSeconds(), LONGEST_STOP_SECONDS),
      drainSeconds: defaults.connectionDraining.toSeconds(),
      metrics: props.embeddedMetrics ? { namespace: METRIC_NAMESPACE, fleetName } : undefined,
      serverLogging: props.serverLogging,
      senderPrograms: senders.map(({ file, asset, sha256 }) => ({ file, bucketName: asset.s3BucketName, key: asset.s3ObjectKey, sha256 })),
    });
  }

  /**
   * How many requests were answered, those with an error among them. Sum over five minutes.
   *
   * A network load balancer sees connections, not requests: this needs `embeddedMetrics`.
   */
  public metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('requests', 'metricNewConnections()').requests(options);
  }

  /**
   * How many requests failed through no fault of theirs. Sum over five minutes. Needs `embeddedMetrics`.
   *
   * @param options what to change about the metric
   */
  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('failed requests', 'metricUnhealthyInstances()').errors(options);
  }

  /**
   * How long the server takes for an answer, in milliseconds. Average over five minutes. Needs `embeddedMetrics`.
   *
   * Every instance gives its average of a minute: a percentile is one of instances and minutes, not of requests.
   */
  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('latency', 'metricCpuUtilization()').latency(options);
  }

  /**
   * How many connections clients opened. A client may send many requests over one. Sum over five minutes.
   *
   * @param options what to change about the metric
   */
  public metricNewConnections(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.loadBalancer.metrics.newFlowCount(options);
  }

  /**
   * How many instances the load balancer finds unhealthy on the REST port. Maximum over five minutes.
   *
   * @param options what to change about the metric
   */
  public metricUnhealthyInstances(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.restTargetGroup.metrics.unHealthyHostCount({ statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }

  /**
   * How many instances the load balancer finds healthy on the REST port. Minimum over five minutes.
   *
   * An alarm below `minCapacity` is silent during a deployment, whose new instances are unhealthy until their model answers.
   *
   * @param options what to change about the metric
   */
  public metricHealthyInstances(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.restTargetGroup.metrics.healthyHostCount({ statistic: cloudwatch.Stats.MINIMUM, ...options });
  }

  /**
   * The instances' processor load in per cent, which scaling follows. Average over five minutes.
   *
   * @param options what to change about the metric
   */
  public metricCpuUtilization(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/EC2',
      metricName: 'CPUUtilization',
      dimensionsMap: { AutoScalingGroupName: this.autoScalingGroup.autoScalingGroupName },
      statistic: cloudwatch.Stats.AVERAGE,
      ...options,
    });
  }

  private renderUserData(
    props: ModelFleetProps, compatibility: ModelCompatibility, server: StoredBinary,
    options: Pick<
      UserDataOptions,
      'bootUrl' | 'bootSha256' | 'missingCpuFeatures' | 'timeoutSeconds' | 'stopSeconds' | 'drainSeconds' | 'metrics' | 'serverLogging' | 'senderPrograms'
    >,
  ): string {
    const group = this.autoScalingGroup.node.defaultChild as autoscaling.CfnAutoScalingGroup;
    const text = renderUserData({
      ...options,
      modelName: this.modelName,
      version: compatibility.version,
      bucketName: this.artifact.bucket.bucketName,
      manifestKey: compatibility.manifestKey,
      manifestSha256: compatibility.manifestSha256,
      archiveKey: compatibility.archiveKey,
      archiveSha256: compatibility.archiveSha256,
      serverBucketName: server.bucket.bucketName,
      serverKey: server.key,
      serverSha256: server.sha256,
      serving: props,
      region: Stack.of(this).region,
      stackId: Aws.STACK_ID,
      groupLogicalId: group.logicalId,
      logGroupName: this.logGroup.logGroupName,
      targetGroupArns: { gRPC: this.grpcTargetGroup.targetGroupArn, REST: this.restTargetGroup.targetGroupArn },
    });
    const bytes = Buffer.byteLength(text) + TOKEN_BYTES;
    failIfAny(lit`UserDataTooLong`, bytes <= MAX_USER_DATA_BYTES ? [] : [
      `the boot script has ${bytes} bytes and EC2 takes ${MAX_USER_DATA_BYTES}: give fewer or shorter serverFlags`,
    ], this);
    return text;
  }

  /** An instance that boots before its routes, endpoints and permissions are there could not bring its model, and no reference says so. */
  private waitForWays(subnets: ec2.SelectedSubnets, others: (iam.Grant | Construct)[]): void {
    const group = this.autoScalingGroup.node.defaultChild!;
    group.node.addDependency(subnets.internetConnectivityEstablished);
    others.forEach((other) => ('applyBefore' in other ? other.applyBefore(group as Construct) : group.node.addDependency(other)));
  }

  private embedded(what: string, instead: string): FleetMetrics {
    if (!this.metrics) {
      throw new ValidationError(lit`NoSuchMetric`,
        `CloudWatch has no metric of a fleet's ${what} without embeddedMetrics: give embeddedMetrics: true, or use ${instead}`, this);
    }
    return this.metrics;
  }
}
