import { ValidationError } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CaptureStream } from '../endpoint/capture-stream';
import { LiveEvents } from '../endpoint/live-events';
import type { IMonitoredEndpoint } from '../endpoint/model-endpoint';
import type { IModelArtifact } from '../model/published-model';
import { artifactFor, checkArtifactFor } from '../optimization/endpoint-model';
import type { EndpointOffer } from '../optimization/model-compatibility';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { defaultModelName } from '../optimization/model-name';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { injectedProps } from '../private/injected-props';
import { checkTypes } from '../private/property-types';
import { ReplayFunction } from '../replay/replay-function';
import { noteBatching, servingSettings } from '../serving/serving-settings';
import { canaryGroup } from './canary-group';
import { fleetCanarySettings } from './canary-settings';
import { FleetBoot } from './fleet-boot';
import { checkFleetProps, FLEET_TYPES } from './fleet-checks';
import { FleetEndpoints } from './fleet-endpoints';
import { FleetMetrics } from './fleet-metrics';
import { FleetNetwork } from './fleet-network';
import { FleetServer } from './fleet-server';
import { fleetSettings } from './fleet-settings';
import { instanceGroup } from './instance-group';
import { instanceRole } from './instance-role';
import { warnOfInstanceType } from './instance-type-rules';
import type { ModelFleetProps } from './model-fleet-props';

/**
 * A TensorFlow model served on virtual machines: by TensorFlow Serving, or by this library's own server for LiteRT models.
 *
 * The instances of an Auto Scaling group download the published model and the server from S3, verify every file, and register with an internal
 * network load balancer. A new version replaces the instances one by one, while at least `minInstancesInService` serve; a version that does not
 * answer is rolled back. With a canary as `rollout`, a small second group gets it first.
 */
export class ModelFleet extends Construct implements IMonitoredEndpoint, ec2.IConnectable {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelFleet';

  /** Name of the model in request paths: `/v1/models/<name>`. */
  public readonly modelName: string;

  /** The published model that is served. */
  public readonly artifact: IModelArtifact;

  /** The model's optimizer. Undefined for a published model. */
  public readonly optimizer?: ModelOptimizer;

  /** Connections to the load balancer. By default none are allowed. The default port is the REST port. */
  public readonly connections: ec2.Connections;

  /** The internal load balancer, reachable only within the VPC. */
  public readonly loadBalancer: elbv2.NetworkLoadBalancer;

  /** The load balancer's port for gRPC. */
  public readonly grpcListener: elbv2.NetworkListener;

  /** The load balancer's port for REST. */
  public readonly restListener: elbv2.NetworkListener;

  /** The target group for gRPC. */
  public readonly grpcTargetGroup: elbv2.NetworkTargetGroup;

  /** The target group for REST. */
  public readonly restTargetGroup: elbv2.NetworkTargetGroup;

  /** The Auto Scaling group of the instances, except a canary's. */
  public readonly autoScalingGroup: autoscaling.AutoScalingGroup;

  /**
   * The Auto Scaling group of the canary's instances.
   *
   * @default - none without a canary as `rollout`
   */
  public readonly canaryAutoScalingGroup?: autoscaling.AutoScalingGroup;

  /** The launch template of the instances. A canary has one of its own. */
  public readonly launchTemplate: ec2.LaunchTemplate;

  /** The role of the instances. */
  public readonly role: iam.IRole;

  /** The log group with the result of each instance's boot and, with `serverLogging`, the server's log. */
  public readonly logGroup: logs.ILogGroup;

  /** The security group of the instances. */
  public readonly instanceSecurityGroup: ec2.SecurityGroup;

  /**
   * Connections to the interface endpoints from `vpcEndpoints`. The VPC's primary CIDR block is allowed; allow secondary CIDR blocks here.
   *
   * @default - none without `vpcEndpoints`
   */
  public readonly vpcEndpointConnections?: ec2.Connections;

  /** The bucket of the captured requests. Undefined without `capture`. */
  public readonly captureBucket?: s3.IBucket;

  /** Inputs that captured requests lack. @internal */
  public readonly _redacted?: string[];

  private readonly metrics?: FleetMetrics;
  private readonly liveEvents: LiveEvents;

  constructor(scope: Construct, id: string, props: ModelFleetProps) {
    super(scope, id);
    props = injectedProps(ModelFleet.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelFleetProps`, checkTypes(props, FLEET_TYPES, ['model', 'vpc']), this);

    this.modelName = props.modelName ?? defaultModelName(id);
    const { vpc } = props;
    const settings = fleetSettings(props);
    const { vpcSubnets } = settings;
    const server = FleetServer.of(props);
    const { artifact, compatibility } = this.publishedModel(props, server);
    this.artifact = artifact;
    this.optimizer = artifact instanceof ModelOptimizer ? artifact : undefined;
    warnOfInstanceType(this, props.instanceType);

    this.logGroup = props.logGroup ?? new logs.LogGroup(this, 'LogGroup', {
      retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS, removalPolicy: props.artifactRemovalPolicy,
    });
    this.role = instanceRole(this, 'Role', { role: props.role, logGroup: this.logGroup });
    const serving = servingSettings(props);
    noteBatching(this, serving);
    const { modelName, logGroup, role } = this;
    const capture = props.capture && new CaptureStream(this, 'Capture', { options: props.capture._options, modelName, after: compatibility.resource });
    this.captureBucket = capture?.bucket;
    this._redacted = props.capture?._options.redact;
    const replay = props.replay && capture && new ReplayFunction(this, 'Replay', {
      endpoint: 'fleet',
      options: props.replay,
      captureBucket: capture.bucket,
      modelName,
      model: props.model,
      artifact,
      architecture: server.architecture,
      compatibility,
    });
    const boot = new FleetBoot(this, { props, settings, serving, modelName, artifact, compatibility, server, logGroup, role, capture });

    const network = new FleetNetwork(this, 'Network', { ...settings, ...serving, vpc, modelName, certificate: props.certificate, encrypted: serving.certificate !== undefined });
    this.loadBalancer = network.loadBalancer;
    this.grpcListener = network.grpcListener;
    this.restListener = network.restListener;
    this.grpcTargetGroup = network.grpcTargetGroup;
    this.restTargetGroup = network.restTargetGroup;
    this.instanceSecurityGroup = network.instanceSecurityGroup;
    this.connections = new ec2.Connections({ securityGroups: [network.loadBalancerSecurityGroup], defaultPort: network.restPort });
    const endpoints = props.vpcEndpoints ? FleetEndpoints.of(this, vpc, vpcSubnets) : undefined;
    if (capture) {
      endpoints?.leadToFirehose(vpcSubnets);
    }
    if (serving.certificate) {
      endpoints?.leadToSecretsManager(vpcSubnets);
    }
    this.vpcEndpointConnections = endpoints?.connections;

    for (const targets of [network.grpcTargetGroup, network.restTargetGroup]) {
      // The health check contains the model's name: do not update it before the model's build has succeeded.
      targets.node.addDependency(compatibility.resource, ...replay ? [replay.check] : []);
    }
    const options = { props, settings, role, network, boot, endpoints, modelName, after: replay?.check };
    const stable = instanceGroup(this, '', options);
    this.launchTemplate = stable.launchTemplate;
    this.autoScalingGroup = stable.group;
    this.autoScalingGroup.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: settings.targetCpuUtilization });
    const canary = fleetCanarySettings(props);
    const first = canary ? canaryGroup(this, canary, stable, options) : undefined;
    this.canaryAutoScalingGroup = first?.group;
    this.metrics = props.embeddedMetrics ? new FleetMetrics(stable.fleetName, modelName) : undefined;
    this.liveEvents = new LiveEvents(this, {
      kind: 'fleet', compatibility, model: props.model, first: [...replay ? [replay.check] : [], (first ?? stable).group.node.defaultChild!], last: [stable.group.node.defaultChild!],
    });
  }

  /**
   * Defines a rule for versions of the model that all instances serve.
   *
   * The event follows the replacement of the last instance. The first call adds two resources to the stack, which publish this event and that of
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

  /** The role of the instances. */
  public get grantPrincipal(): iam.IPrincipal {
    return this.role.grantPrincipal;
  }

  /**
   * Number of requests answered, including errors, without those of a canary. Sum over five minutes.
   *
   * Needs `embeddedMetrics`, because a network load balancer counts connections, not requests.
   */
  public metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('requests', 'metricNewConnections()').requests(options);
  }

  /**
   * Number of requests that failed because of the server, not the client, without those of a canary. Sum over five minutes. Needs `embeddedMetrics`.
   *
   * @param options overrides for the metric
   */
  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('failed requests', 'metricUnhealthyInstances()').errors(options);
  }

  /**
   * Time to answer a request, in milliseconds. Average over five minutes. Needs `embeddedMetrics`.
   *
   * Each instance publishes one average per minute: percentiles are over these averages, not over requests.
   */
  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.embedded('latency', 'metricCpuUtilization()').latency(options);
  }

  /**
   * Number of requests in the sample to capture that did not reach Firehose, without those of a canary. Sum over five minutes.
   *
   * Needs `capture` and `embeddedMetrics`. What an instance drops while it ends is in the server's log only.
   *
   * @param options overrides for the metric
   */
  public metricDroppedCaptures(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    if (!this.captureBucket) {
      throw new ValidationError(lit`NoCapture`, 'metricDroppedCaptures has no metric to return, because the fleet has no capture: give capture', this);
    }
    return this.embedded('dropped captures', 'the server\'s counter model_server:dropped_captures').droppedCaptures(options);
  }

  /**
   * Captured requests that were dropped. Undefined without `capture` or `embeddedMetrics`.
   *
   * @internal
   */
  public _metricDroppedCaptures(): cloudwatch.Metric | undefined {
    return this.captureBucket && this.metrics?.droppedCaptures();
  }

  /**
   * Number of new client connections. A connection can carry many requests. Sum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricNewConnections(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.loadBalancer.metrics.newFlowCount(options);
  }

  /**
   * Number of instances that are unhealthy on the REST port, a canary's included. Maximum over five minutes.
   *
   * @param options overrides for the metric
   */
  public metricUnhealthyInstances(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.restTargetGroup.metrics.unHealthyHostCount({ statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }

  /**
   * Number of instances that are healthy on the REST port, a canary's included. Minimum over five minutes.
   *
   * An alarm below `minCapacity` stays quiet during a deployment, although new instances are unhealthy until their model answers.
   *
   * @param options overrides for the metric
   */
  public metricHealthyInstances(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.restTargetGroup.metrics.healthyHostCount({ statistic: cloudwatch.Stats.MINIMUM, ...options });
  }

  /**
   * Processor utilization of the instances in percent, used for scaling. Average over five minutes.
   *
   * @param options overrides for the metric
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

  /** Checks all properties and returns the published model with its requirements. */
  private publishedModel(props: ModelFleetProps, server: FleetServer) {
    const { modelName } = this;
    const { format, architecture, cpuFeatures } = server;
    const model = { ...props, modelName, format, architecture, ...server.requirements };
    failIfAny(lit`InvalidModelFleetProps`, [...checkFleetProps(this, props), ...checkArtifactFor(this, 'Optimizer', model)], this);
    const artifact = artifactFor(this, 'Optimizer', { ...model, ...server.image(this) });
    const offer: EndpointOffer = { endpoint: 'fleet', format, architecture, cpuFeatures, requiresServer: model.requiresServer || undefined };
    return { artifact, compatibility: new ModelCompatibility(this, 'Compatibility', { artifact, offer }) };
  }

  private embedded(what: string, instead: string): FleetMetrics {
    if (!this.metrics) {
      throw new ValidationError(lit`NoSuchMetric`,
        `CloudWatch has no metric of a fleet's ${what} without embeddedMetrics: give embeddedMetrics: true, or use ${instead}`, this);
    }
    return this.metrics;
  }
}
