import { createHash } from 'crypto';
import type { Size } from 'aws-cdk-lib';
import { Duration, Fn, SizeRoundingBehavior, Stack, Tokenization, ValidationError } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { IModelEndpoint } from '../endpoint/model-endpoint';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/model-artifact';
import { ModelFormat } from '../model/model-format';
import { artifactFor, checkArtifactFor } from '../optimization/endpoint-model';
import { ModelCompatibility } from '../optimization/model-compatibility';
import { defaultModelName } from '../optimization/model-name';
import { ModelOptimizer } from '../optimization/model-optimizer';
import { failIfAny, lit } from '../private/errors';
import { DEFAULT_GRPC_PORT, DEFAULT_MONITORING_PATH, DEFAULT_REST_PORT } from '../serving/serving-configuration';
import { DEFAULT_SERVING_IMAGE, ServingImage } from '../serving/serving-image';
import { processorFeatures } from './bfloat16';
import { deployTimeDigest } from './deploy-time-digest';
import { deploymentManifest } from './deployment-manifest';
import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { ManifestBundle } from './manifest-bundle';
import type { ModelServiceProps } from './model-service-props';
import { ModelStorage } from './model-storage';
import { podTemplate } from './pod-template';
import { ROLLOUT_LABEL, rolloutGate } from './rollout-gate';
import { fewestPods, LONGEST_ROLLOUT_MINUTES, rolloutPlan, warnOfSlowRollout } from './rollout-plan';
import { autoscalerManifest, disruptionBudgetManifest } from './scaling-manifests';
import type { ServerResources } from './server-container';
import { serviceAccountManifest } from './service-account-manifest';
import { checkServiceProps } from './service-checks';
import { headlessServiceManifest, loadBalancerManifest, serviceManifest } from './service-manifests';
import { checkUnclaimed, ServiceObjects } from './service-objects';
import { ServiceRole } from './service-role';
import type { ModelPrefix } from './storage-manifests';
import { storageManifests } from './storage-manifests';
import { renderYaml } from './yaml';

/** The AWS command line in a container, one release of it. */
const DEFAULT_COPY_IMAGE = 'public.ecr.aws/aws-cli/aws-cli:2.31.0';

/**
 * A TensorFlow model served by TensorFlow Serving on Amazon EKS.
 *
 * The model is optimized when the stack is deployed, and pods of its new version replace those of the one before without losing a request. The
 * deployment waits for them; where they do not come it fails, and the pods of the version before, which serve all the time, stay.
 */
export class ModelService extends Construct implements IModelEndpoint, ec2.IConnectable {
  /** The name that requests call the model by: `/v1/models/<name>`. */
  public readonly modelName: string;

  /** Name of the Kubernetes objects. */
  public readonly serviceName: string;

  /** Namespace of the Kubernetes objects. */
  public readonly namespaceName: string;

  /** The published model that is served. */
  public readonly artifact: IModelArtifact;

  /** What optimizes the model, unless it was published already. */
  public readonly optimizer?: ModelOptimizer;

  /** The role of the pods. */
  public readonly role: iam.IRole;

  /** What is applied to the cluster, in this order. Empty without `applyManifests`. */
  public readonly manifests: eks.KubernetesManifest[];

  /** What waits for the pods of a new version. Undefined without `applyManifests`. */
  public readonly rollout?: eks.KubernetesObjectValue;

  /**
   * Key of the Kubernetes objects in the artifact bucket, as YAML. Undefined with `applyManifests`.
   *
   * @attribute
   */
  public readonly bundleKey?: string;

  private readonly cluster: eks.ICluster;
  private readonly ports: { readonly grpc: number; readonly rest: number };
  private readonly monitoringPath?: string;
  private readonly objects: KubernetesObject[];

  constructor(scope: Construct, id: string, props: ModelServiceProps) {
    super(scope, id);

    this.modelName = props.modelName ?? defaultModelName(id);
    this.serviceName = props.serviceName ?? this.modelName;
    this.namespaceName = props.namespaceName ?? 'default';
    const model = {
      ...props, modelName: this.modelName, format: ModelFormat.SAVED_MODEL, architecture: lambda.Architecture.X86_64,
      isReadByFile: true,
    };
    failIfAny(lit`InvalidModelServiceProps`, [
      ...checkServiceProps(props, this),
      ...checkUnclaimed(this, props.cluster, { namespace: this.namespaceName, name: this.serviceName }),
      ...checkArtifactFor(this, 'Optimizer', model),
    ], this);
    warnOfSlowRollout(this, props);
    this.cluster = props.cluster;
    this.ports = { grpc: props.grpcPort ?? DEFAULT_GRPC_PORT, rest: props.restPort ?? DEFAULT_REST_PORT };
    this.monitoringPath = props.monitoring === false ? undefined : props.monitoringPath ?? DEFAULT_MONITORING_PATH;

    const cpuFeatures = processorFeatures(props.cpuFeatures ?? [], props.recipe);
    this.artifact = artifactFor(this, 'Optimizer', model);
    this.optimizer = this.artifact instanceof ModelOptimizer ? this.artifact : undefined;
    const compatibility = new ModelCompatibility(this, 'Compatibility', {
      artifact: this.artifact,
      offer: {
        endpoint: 'service',
        format: ModelFormat.SAVED_MODEL,
        architecture: lambda.Architecture.X86_64,
        memoryMebibytes: mebibytes(props.memoryLimit ?? props.memoryRequest),
        cpuFeatures,
      },
    });

    const identity: ObjectIdentity = { name: this.serviceName, namespace: this.namespaceName };
    const versions = versionsOf(this.artifact, compatibility);
    const access = new ServiceRole(this, 'Access', {
      clusterName: props.cluster.clusterName, identity, bucket: this.artifact.bucket, prefix: versions.prefix, role: props.role,
    });
    this.role = access.role;

    const applied = props.applyManifests !== false;
    const { adoptExisting, removalPolicy } = props;
    const objects = new ServiceObjects(this, { cluster: props.cluster, identity, applied, adoptExisting, removalPolicy });
    this.objects = objects.objects;
    this.manifests = objects.manifests;
    const namespace = props.createNamespace ? objects.addNamespace() : [];
    // A pod gets its role when it is made, and EKS takes seconds to know of a new association: so it is made first, and other objects before the pods.
    const account = objects.add('ServiceAccount', [serviceAccountManifest(identity)], ...namespace, access);
    const storage = this.storage(props, identity, versions);
    const volume = storage ? objects.add(storage.id, storageManifests(identity, storage, versions), ...namespace) : [];
    const services = [
      ...objects.add('Service', [serviceManifest(identity, props)], ...namespace, access),
      ...objects.add('HeadlessService', [headlessServiceManifest(identity, props)], ...namespace, access),
    ];
    const plan = rolloutPlan(props);
    if (props.internalLoadBalancer) {
      services.push(...objects.add('LoadBalancer', [loadBalancerManifest(identity, props, {
        modelName: this.modelName,
        loadBalancerClass: props.loadBalancerClass ?? 'eks.amazonaws.com/nlb',
        sourceRanges: props.loadBalancerSourceRanges ?? vpcRange(props.cluster),
        drainSeconds: plan.drainSeconds,
      })], ...namespace, access));
    }

    const template = podTemplate({
      identity,
      modelName: this.modelName,
      serving: props,
      image: (props.servingImage ?? ServingImage.fromRegistry(DEFAULT_SERVING_IMAGE))._bind(this),
      version: compatibility.version,
      checksumsSha256: compatibility.checksumsSha256,
      model: versions,
      claimName: storage?.claim,
      copyImage: props.copyImage ?? DEFAULT_COPY_IMAGE,
      resources: resourcesOf(props, compatibility),
      environment: props.environment ?? {},
      user: props.runAsUser ?? 65_532,
      readOnlyRootFilesystem: props.readOnlyRootFilesystem ?? true,
      startupSeconds: plan.startupSeconds,
      drainSeconds: plan.drainSeconds,
      cpuFeatures,
      nodeSelector: props.nodeSelector ?? {},
      podSpec: props.podSpec ?? {},
    });
    const rollout = `${this.digest(template)}-${deployTimeDigest(compatibility, 'PodsDigest', template)}-${compatibility.version}`;
    (template.metadata.labels as Record<string, string>)[ROLLOUT_LABEL] = rollout;
    const deployment = objects.add('Deployment', [deploymentManifest({ identity, plan, template })], ...account, ...volume, ...services, access);
    const minReplicas = fewestPods(props);
    objects.add('Autoscaler', [autoscalerManifest(identity, {
      minReplicas, maxReplicas: props.maxReplicas ?? minReplicas, targetCpuUtilization: props.targetCpuUtilization ?? 60,
    })], ...deployment);
    objects.add('DisruptionBudget', [disruptionBudgetManifest(identity)], ...deployment);

    if (applied) {
      this.rollout = rolloutGate(this, 'Rollout', {
        cluster: props.cluster,
        identity,
        rollout,
        replicas: minReplicas,
        timeout: props.rolloutTimeout ?? Duration.minutes(LONGEST_ROLLOUT_MINUTES),
      });
      this.rollout.node.addDependency(...this.manifests);
    } else {
      const keyPrefix = versions.prefix.replace(/saved_model\/$/, 'manifests/');
      this.bundleKey = `${keyPrefix}${this.digest(this.objects)}-${deployTimeDigest(compatibility, 'ObjectsDigest', this.objects)}-${compatibility.version}.yaml`;
      new ManifestBundle(this, 'Bundle', { bucket: this.artifact.bucket, key: this.bundleKey, keyPrefix, content: this.toYaml() });
    }
  }

  /**
   * The cluster's security group, which its pods are in. Allow clients outside the cluster that call pods by it; those inside need nothing.
   *
   * It does not guard the load balancer, which has a security group of its own: see `loadBalancerSourceRanges`.
   *
   * The default ports are those of gRPC and REST where they are neighbors, else that of REST.
   */
  public get connections(): ec2.Connections {
    const { securityGroups } = this.cluster.connections;
    if (securityGroups.length === 0) {
      throw new ValidationError(lit`NoClusterSecurityGroup`,
        `the cluster ${JSON.stringify(this.cluster.node.path)} was imported without its security group: give Cluster.fromClusterAttributes clusterSecurityGroupId`, this);
    }
    const { grpc, rest } = this.ports;
    return new ec2.Connections({ securityGroups, defaultPort: rest === grpc + 1 ? ec2.Port.tcpRange(grpc, rest) : ec2.Port.tcp(rest) });
  }

  /**
   * The Kubernetes objects as YAML, in the order to apply them.
   *
   * The text holds tokens: the version and its digest are known only when the stack is deployed. Use it where tokens are filled in.
   */
  public toYaml(): string {
    return renderYaml(this.objects);
  }

  /** Fails: nothing sends this service's metrics to CloudWatch. The error says where they are. */
  public metricInvocations(_options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.noMetric('metricInvocations', ':tensorflow:serving:request_count');
  }

  /** Fails: nothing sends this service's metrics to CloudWatch. The error says where they are. */
  public metricErrors(_options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.noMetric('metricErrors', ':tensorflow:serving:request_count by status');
  }

  /** Fails: nothing sends this service's metrics to CloudWatch. The error says where they are. */
  public metricLatency(_options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.noMetric('metricLatency', ':tensorflow:serving:request_latency');
  }

  private noMetric(method: string, metric: string): never {
    const where = this.monitoringPath === undefined
      ? 'set monitoring to true, and collect'
      : `collect, with an agent for Prometheus from port ${this.ports.rest} of its pods, path ${this.monitoringPath},`;
    throw new ValidationError(lit`NoCloudWatchMetrics`,
      `${method} has no metric to return, because nothing sends those of TensorFlow Serving to CloudWatch: ${where} ${metric}`, this);
  }

  /** Names of the volume and the claim. What a volume mounts cannot be changed, so another bucket or prefix gets another volume. */
  private storage(props: ModelServiceProps, { name, namespace }: ObjectIdentity, versions: ModelPrefix) {
    if (props.modelStorage === ModelStorage.COPY) {
      return undefined;
    }
    const digest = this.digest([this.node.addr, versions]);
    return { id: `Storage${digest}`, volume: `${namespace}-${name}-${digest}`, claim: `${name}-${digest}` };
  }

  /** The same in every synthesis, whatever tokens the value holds. */
  private digest(value: unknown): string {
    return createHash('sha256').update(JSON.stringify(Stack.of(this).resolve(value))).digest('hex').slice(0, 8);
  }
}

/** Where the versions of a model lie. All that is mounted, and all that may be read. */
function versionsOf(artifact: IModelArtifact, compatibility: ModelCompatibility): ModelPrefix {
  const [pattern, ...others] = referenceOf(artifact)!.keyPatterns;
  // A model that is named by a parameter has a prefix that is known only at deployment: it is a part of its manifest's key.
  const prefix = others.length === 0 ? pattern.replace(/\*$/, '') : `${Fn.select(0, Fn.split('/saved_model/', compatibility.keyPrefix))}/`;
  return { bucketName: artifact.bucket.bucketName, region: artifact.bucket.env.region, prefix: `${prefix}saved_model/` };
}

function resourcesOf(props: ModelServiceProps, compatibility: ModelCompatibility): ServerResources {
  const memoryLimit = quantity(props.memoryLimit);
  return {
    cpuRequest: props.cpuRequest ?? 1,
    cpuLimit: props.cpuLimit,
    memoryRequest: quantity(props.memoryRequest) ?? memoryLimit ?? compatibility.memoryRequest,
    memoryLimit,
  };
}

/** The addresses of the cluster's network. An imported cluster, or an imported network, may not know them, and fails when it is asked. */
function vpcRange(cluster: eks.ICluster): string[] | undefined {
  try {
    return [cluster.vpc.vpcCidrBlock];
  } catch {
    return undefined;
  }
}

function quantity(size: Size | undefined): string | undefined {
  return size && `${Tokenization.stringifyNumber(mebibytes(size)!)}Mi`;
}

function mebibytes(size: Size | undefined): number | undefined {
  return size && (size.isUnresolved() ? size.toMebibytes() : size.toMebibytes({ rounding: SizeRoundingBehavior.FLOOR }));
}
