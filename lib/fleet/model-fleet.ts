import { Aws, Lazy, ValidationError } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { IMonitoredEndpoint } from '../endpoint/model-endpoint';
import type { IModelArtifact } from '../model/model-artifact';
import { ModelFormat } from '../model/model-format';
import { artifactFor, checkArtifactFor } from '../optimization/endpoint-model';
import type { EndpointOffer } from '../optimization/model-compatibility';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { defaultModelName } from '../optimization/model-name';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { ServingBinary } from '../serving/serving-binary';
import { servingSettings } from '../serving/serving-settings';
import { FleetBoot } from './fleet-boot';
import { checkFleetProps } from './fleet-checks';
import { FleetEndpoints } from './fleet-endpoints';
import { fleetGroup, fleetLaunchTemplate } from './fleet-instances';
import { FleetMetrics } from './fleet-metrics';
import { FleetNetwork } from './fleet-network';
import type { FleetSettings } from './fleet-settings';
import { fleetSettings } from './fleet-settings';
import { instanceRole } from './instance-role';
import { cpuFeaturesOf } from './instance-type-rules';
import { MissingCpuFeatures } from './missing-cpu-features';
import type { ModelFleetProps } from './model-fleet-props';

/**
 * A TensorFlow model served by TensorFlow Serving on virtual machines.
 *
 * The instances of an Auto Scaling group bring the published model and the server from S3, check every file, and join an internal network load balancer.
 * A new version of the model replaces the instances one by one, and at no time do fewer than `minInstancesInService` serve; a version that does not
 * answer is rolled back.
 */
export class ModelFleet extends Construct implements IMonitoredEndpoint, ec2.IConnectable {
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
    const { vpc } = props;
    const settings = fleetSettings(props);
    const { vpcSubnets } = settings;
    const servingBinary = ServingBinary._of(props.servingBinary, props.model);
    const { artifact, compatibility } = this.publishedModel(props, settings, servingBinary);
    this.artifact = artifact;
    this.optimizer = artifact instanceof ModelOptimizer ? artifact : undefined;

    this.logGroup = props.logGroup ?? new logs.LogGroup(this, 'LogGroup', {
      retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS, removalPolicy: props.artifactRemovalPolicy,
    });
    this.role = instanceRole(this, 'Role', { role: props.role, logGroup: this.logGroup });
    const serving = servingSettings(props);
    const server = servingBinary._bind(this, { bucket: artifact.bucket, key: compatibility.serverKey, sha256: compatibility.serverSha256 });
    const { modelName, logGroup, role } = this;
    const boot = new FleetBoot(this, { props, settings, serving, modelName, artifact, compatibility, server, logGroup, role });

    const network = new FleetNetwork(this, 'Network', { ...settings, ...serving, vpc, modelName, certificate: props.certificate });
    this.loadBalancer = network.loadBalancer;
    this.grpcListener = network.grpcListener;
    this.restListener = network.restListener;
    this.grpcTargetGroup = network.grpcTargetGroup;
    this.restTargetGroup = network.restTargetGroup;
    this.instanceSecurityGroup = network.instanceSecurityGroup;
    this.connections = new ec2.Connections({ securityGroups: [network.loadBalancerSecurityGroup], defaultPort: network.restPort });
    const endpoints = props.vpcEndpoints ? FleetEndpoints.of(this, vpc, vpcSubnets) : undefined;
    this.vpcEndpointConnections = endpoints?.connections;

    // The user data names the group, which is made from it. cloud-init takes it for a script only if nothing comes before its first line.
    const userData = ec2.UserData.custom(Lazy.string({ produce: () => script }));
    this.launchTemplate = fleetLaunchTemplate(this, 'LaunchTemplate', { props, settings, role, securityGroup: this.instanceSecurityGroup, userData });
    this.autoScalingGroup = fleetGroup(this, 'Group', vpc, settings, this.launchTemplate);
    this.attach(network, compatibility);
    this.autoScalingGroup.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: settings.targetCpuUtilization });
    this.bootAfter(vpc.selectSubnets(vpcSubnets), [...boot.grants, ...endpoints ? [endpoints] : [], this.grpcListener, this.restListener]);

    const fleetName = `${Aws.STACK_NAME}/${(this.autoScalingGroup.node.defaultChild as autoscaling.CfnAutoScalingGroup).logicalId}`;
    this.metrics = props.embeddedMetrics ? new FleetMetrics(fleetName, modelName) : undefined;
    const script = boot.userData(this.autoScalingGroup, network, fleetName);
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

  /** Checks all properties, and returns the published model with what it needs here. */
  private publishedModel(props: ModelFleetProps, settings: FleetSettings, servingBinary: ServingBinary) {
    const { modelName } = this;
    const architecture = lambda.Architecture.X86_64;
    const format = ModelFormat.SAVED_MODEL;
    const model = { ...props, modelName, format, architecture, ...servingBinary._requirements };
    failIfAny(lit`InvalidModelFleetProps`, [...checkFleetProps(this, props), ...checkArtifactFor(this, 'Optimizer', model)], this);
    const artifact = artifactFor(this, 'Optimizer', { ...model, ...servingBinary._image(this) });
    const cpuFeatures = settings.missingCpuFeatures === MissingCpuFeatures.REFUSE ? cpuFeaturesOf(settings.instanceType) : undefined;
    const offer: EndpointOffer = { endpoint: 'fleet', format, architecture, cpuFeatures, requiresServer: model.requiresServer || undefined };
    return { artifact, compatibility: new ModelCompatibility(this, 'Compatibility', { artifact, offer }) };
  }

  private attach(network: FleetNetwork, compatibility: ModelCompatibility): void {
    for (const targets of [network.grpcTargetGroup, network.restTargetGroup]) {
      // Their health check names the model: it must not change before the model is there, or while its build still may fail.
      targets.node.addDependency(compatibility.resource);
      this.autoScalingGroup.attachToNetworkTargetGroup(targets);
    }
  }

  /** Boots no instance before its routes, endpoints and permissions are there: it could not fetch its model, and no reference in the template says so. */
  private bootAfter(subnets: ec2.SelectedSubnets, others: (iam.Grant | Construct)[]): void {
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
