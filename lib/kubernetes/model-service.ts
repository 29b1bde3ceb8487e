import { Duration, ValidationError } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CaptureStream } from '../endpoint/capture-stream';
import { deployTimeDigest, stableDigest } from '../endpoint/digests';
import { LiveEvents } from '../endpoint/live-events';
import type { IModelEndpoint } from '../endpoint/model-endpoint';
import type { PodMetrics } from '../endpoint/pod-metrics';
import { checkRolloutAlarms } from '../endpoint/rollout-checks';
import type { IModelArtifact } from '../model/published-model';
import { BuildProvider } from '../optimization/build/build-provider';
import { artifactFor, checkArtifactFor } from '../optimization/endpoint-model';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { injectedProps } from '../private/injected-props';
import { checkTypes } from '../private/property-types';
import { checkRoleStack } from '../private/role-checks';
import { ReplayFunction } from '../replay/replay-function';
import { liteRtServer } from '../serving/litert-server';
import { ModelServer } from '../serving/model-server';
import { noteBatching } from '../serving/serving-settings';
import type { ServingSettings } from '../serving/serving-settings';
import { addServiceObjects } from './add-service-objects';
import { warnOfMissingNodes } from './cluster-nodes';
import { warnOfOldCluster } from './cluster-version';
import { ContainerInsightsMetrics } from './container-insights-metrics';
import { waitForLoadBalancer, waitForRollout } from './deployment-waits';
import type { KubernetesObject } from './kubernetes-object';
import { liteRtWorkers } from './litert-pod';
import { ManifestBundle } from './manifest-bundle';
import type { ModelServiceProps } from './model-service-props';
import { LONGEST_ROLLOUT_MINUTES, warnOfSlowRollout } from './rollout-plan';
import { checkServiceProps, SERVICE_TYPES } from './service-checks';
import { checkUnclaimed, ServiceObjects } from './service-objects';
import { ServiceRole } from './service-role';
import type { ServiceNames, ServiceSettings } from './service-settings';
import { architectureOf, formatOf, serviceNames, serviceSettings } from './service-settings';
import { modelVersions } from './storage-manifests';
import type { ModelPrefix } from './storage-manifests';
import { renderYaml } from './yaml';

/**
 * A TensorFlow model served on Amazon EKS, by TensorFlow Serving or by this library's LiteRT server.
 *
 * The model is optimized during the deployment, and pods of the new version replace the old ones without losing a request. The deployment waits for
 * the new pods; if they do not become available it fails, and the old pods keep serving.
 */
export class ModelService extends Construct implements IModelEndpoint, ec2.IConnectable {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelService';

  /** Name of the model in request paths: `/v1/models/<name>`. */
  public readonly modelName: string;

  /** Name of the Kubernetes objects. */
  public readonly serviceName: string;

  /** Namespace of the Kubernetes objects. */
  public readonly namespaceName: string;

  /** The published model that is served. */
  public readonly artifact: IModelArtifact;

  /** The model's optimizer. Undefined for a published model. */
  public readonly optimizer?: ModelOptimizer;

  /** The role of the pods. */
  public readonly role: iam.IRole;

  /** The manifests applied to the cluster, in order. Empty without `applyManifests`. */
  public readonly manifests: eks.KubernetesManifest[];

  /** Waits for the pods of a new version. Undefined without `applyManifests`. */
  public readonly rollout?: Construct;

  /**
   * DNS name of the load balancer. Undefined without `internalLoadBalancer` or without `applyManifests`.
   *
   * @attribute
   */
  public readonly loadBalancerDnsName?: string;

  /**
   * Key of the Kubernetes objects in the artifact bucket, as YAML. Undefined with `applyManifests`.
   *
   * @attribute
   */
  public readonly bundleKey?: string;

  /** The bucket of the captured requests. Undefined without `capture`. */
  public readonly captureBucket?: s3.IBucket;

  /** Inputs that captured requests lack. @internal */
  public readonly _redacted?: string[];

  private readonly cluster: eks.ICluster;
  private readonly serving: ServingSettings;
  private readonly objects: KubernetesObject[];
  private readonly liveEvents: LiveEvents;
  private readonly insightsMetrics?: ContainerInsightsMetrics;

  constructor(scope: Construct, id: string, props: ModelServiceProps) {
    super(scope, id);
    props = injectedProps(ModelService.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelServiceProps`, checkTypes(props, SERVICE_TYPES, ['model', 'cluster']), this);

    const names = serviceNames(id, props);
    this.modelName = names.modelName;
    this.serviceName = names.identity.name;
    this.namespaceName = names.identity.namespace;
    this.cluster = props.cluster;
    this.insightsMetrics = props.containerInsights ? new ContainerInsightsMetrics(props.cluster.clusterName, names.identity) : undefined;
    this.artifact = this.publishedModel(props, names);
    this.optimizer = this.artifact instanceof ModelOptimizer ? this.artifact : undefined;
    warnOfSlowRollout(this, props);
    warnOfOldCluster(this, props.cluster);
    warnOfMissingNodes(this, props);

    const settings = serviceSettings(names, props);
    noteBatching(this, settings.serving);
    this.serving = settings.serving;
    const compatibility = new ModelCompatibility(this, 'Compatibility', {
      artifact: this.artifact,
      offer: {
        endpoint: 'service',
        format: formatOf(props),
        architecture: settings.architecture,
        memoryMebibytes: settings.memoryMebibytes,
        cpuFeatures: settings.cpuFeatures,
        copies: props.server === ModelServer.LITERT ? liteRtWorkers(props) : undefined,
      },
    });
    const versions = modelVersions(this.artifact, compatibility, formatOf(props));
    const liteRt = props.server === ModelServer.LITERT ? liteRtServer(this, settings.architecture) : undefined;
    const access = new ServiceRole(this, 'Access', {
      clusterName: props.cluster.clusterName, identity: names.identity, bucket: this.artifact.bucket, prefix: versions.prefix,
      files: liteRt ? [liteRt.program, liteRt.library] : [], role: props.role,
    });
    this.role = access.role;
    // Not after the compatibility, which depends on the manifests, and they name the stream. An artifact that is not built here takes no time.
    const after = this.optimizer ?? BuildProvider.of(this);
    const capture = props.capture && new CaptureStream(this, 'Capture', { options: props.capture._options, modelName: this.modelName, after });
    capture?.grantPut(this.role);
    props.serverCertificate?._grantRead(this.role);
    this.captureBucket = capture?.bucket;
    this._redacted = props.capture?._options.redact;
    const replay = props.replay && capture && new ReplayFunction(this, 'Replay', {
      endpoint: 'service',
      options: props.replay,
      captureBucket: capture.bucket,
      modelName: this.modelName,
      model: props.model,
      artifact: this.artifact,
      architecture: settings.architecture,
      compatibility,
    });

    const { cluster, adoptExisting, removalPolicy } = props;
    const objects = new ServiceObjects(this, {
      cluster, identity: names.identity, applied: settings.applied, after: replay?.check, adoptExisting, removalPolicy,
    });
    const rollout = addServiceObjects(objects, this, { props, settings, compatibility, versions, access, liteRt, capture });
    this.objects = objects.objects;
    this.manifests = objects.manifests;
    if (settings.applied) {
      this.rollout = this.waitForPods(props, settings, rollout);
      this.loadBalancerDnsName = props.internalLoadBalancer ? this.waitForLoadBalancer(settings).value : undefined;
    } else {
      this.bundleKey = this.writeBundle(compatibility, versions, replay?.check);
    }
    this.liveEvents = new LiveEvents(this, {
      kind: 'service',
      compatibility,
      model: props.model,
      unknownTime: settings.applied ? undefined : 'applyManifests is false, so that something else applies the manifests, and knows when pods serve',
      first: [...replay ? [replay.check] : [], ...this.manifests],
      last: this.rollout ? [this.rollout] : [],
    });
  }

  /** The role of the pods. */
  public get grantPrincipal(): iam.IPrincipal {
    return this.role.grantPrincipal;
  }

  /**
   * The cluster's security group, which also applies to pods. Use it to allow clients outside the cluster that call pods directly.
   *
   * The load balancer has its own security group: see `loadBalancerSourceRanges`.
   *
   * The default ports are gRPC and REST if the numbers are adjacent, otherwise REST only.
   */
  public get connections(): ec2.Connections {
    const { securityGroups } = this.cluster.connections;
    if (securityGroups.length === 0) {
      throw new ValidationError(lit`NoClusterSecurityGroup`,
        `the cluster ${JSON.stringify(this.cluster.node.path)} was imported without its security group: give Cluster.fromClusterAttributes clusterSecurityGroupId`, this);
    }
    const { grpcPort: grpc, restPort: rest } = this.serving;
    return new ec2.Connections({ securityGroups, defaultPort: rest === grpc + 1 ? ec2.Port.tcpRange(grpc, rest) : ec2.Port.tcp(rest) });
  }

  /**
   * Processors that a pod uses, in percent of its node's. Average of all pods over five minutes by default, without those of a canary.
   *
   * Throws without `containerInsights`.
   *
   * @param options overrides for the metric
   */
  public metricCpuUtilization(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.insights('metricCpuUtilization').cpuUtilization(options);
  }

  /**
   * Memory that a pod uses, in percent of its node's. Average of all pods over five minutes by default, without those of a canary.
   *
   * Throws without `containerInsights`.
   *
   * @param options overrides for the metric
   */
  public metricMemoryUtilization(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.insights('metricMemoryUtilization').memoryUtilization(options);
  }

  /**
   * Number of containers of the pods that were restarted. Sum over five minutes by default, without those of a canary.
   *
   * Throws without `containerInsights`.
   *
   * @param options overrides for the metric
   */
  public metricRestarts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.insights('metricRestarts').restarts(options);
  }

  /**
   * Number of pods that run behind the service, ready or not, a canary's included. Average over five minutes by default.
   *
   * Throws without `containerInsights`.
   *
   * @param options overrides for the metric
   */
  public metricRunningPods(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.insights('metricRunningPods').runningPods(options);
  }

  /** @internal */
  public _podMetrics(): PodMetrics | undefined {
    return this.insightsMetrics;
  }

  /**
   * The Kubernetes objects as YAML, in the order to apply them.
   *
   * The text contains tokens, because the version and its digest are known only during deployment. Use it where tokens are resolved.
   */
  public toYaml(): string {
    return renderYaml(this.objects);
  }

  /**
   * Defines a rule for versions of the model that serve.
   *
   * The event follows the wait for the new pods. The first call adds two resources to the stack, which publish this event and that of
   * `onRolledBack`. EventBridge may deliver an event more than once. Throws with `applyManifests: false`, and where a
   * `ModelDelivery` delivers the model: its own events tell that.
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

  private insights(method: string): ContainerInsightsMetrics {
    if (!this.insightsMetrics) {
      throw new ValidationError(lit`NoContainerInsights`,
        `${method} has no metric to return, because containerInsights is not true: install the add-on amazon-cloudwatch-observability in the cluster `
        + 'with its classic metrics, then give containerInsights: true', this);
    }
    return this.insightsMetrics;
  }

  /** Checks all properties and returns the published model, given or created by an optimizer. */
  private publishedModel(props: ModelServiceProps, { modelName, identity }: ServiceNames): IModelArtifact {
    const model = {
      ...props, modelName, format: formatOf(props), architecture: architectureOf(props), isReadByFile: true,
    };
    failIfAny(lit`InvalidModelServiceProps`, [
      ...checkServiceProps(props, { modelName, serviceName: identity.name }),
      ...checkRolloutAlarms(this, props.rollout),
      ...checkUnclaimed(this, props.cluster, identity),
      // It reads the bucket, which is this stack's.
      ...props.model._artifact || props.artifactBucket ? [] : checkRoleStack(this, 'role', props.role),
      ...checkArtifactFor(this, 'Optimizer', model),
    ], this);
    return artifactFor(this, 'Optimizer', model);
  }

  private waitForPods({ rolloutTimeout }: ModelServiceProps, { identity, scaling }: ServiceSettings, rollout: string): Construct {
    const wait = waitForRollout(this, 'Rollout', {
      cluster: this.cluster,
      identity,
      name: identity.name,
      rollout,
      replicas: scaling.minReplicas,
      timeout: rolloutTimeout ?? Duration.minutes(LONGEST_ROLLOUT_MINUTES),
    });
    wait.node.addDependency(...this.manifests);
    return wait;
  }

  private waitForLoadBalancer({ identity }: ServiceSettings): eks.KubernetesObjectValue {
    const wait = waitForLoadBalancer(this, 'LoadBalancerName', this.cluster, identity);
    wait.node.addDependency(...this.manifests);
    return wait;
  }

  /** Writes the objects to the artifact bucket, under a key that covers everything that can differ. */
  private writeBundle(compatibility: ModelCompatibility, { prefix }: ModelPrefix, after?: Construct): string {
    const keyPrefix = prefix.replace(/[^/]+\/$/, 'manifests/');
    const key = `${keyPrefix}${stableDigest(this, this.objects)}-${deployTimeDigest(compatibility, 'ObjectsDigest', this.objects)}-${compatibility.version}.yaml`;
    const bundle = new ManifestBundle(this, 'Bundle', { bucket: this.artifact.bucket, key, keyPrefix, content: this.toYaml() });
    if (after) {
      bundle.node.addDependency(after);
    }
    return key;
  }
}
