import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { ModelSource } from '../model/model-source';
import type { OptimizationOptions } from '../optimization/optimization-options';
import type { ServingImage } from '../serving/serving-image';
import type { TensorFlowServingOptions } from '../serving/tensorflow-serving-options';
import type { ModelStorage } from './model-storage';

/** Properties of a model served by TensorFlow Serving on Kubernetes. */
export interface ModelServiceProps extends OptimizationOptions, TensorFlowServingOptions {
  /**
   * The cluster to serve in, new or imported: EKS Auto Mode, or one with the Pod Identity agent.
   *
   * Scaling needs the add-on metrics-server, mounting models (`ModelStorage.MOUNTPOINT`) aws-mountpoint-s3-csi-driver.
   */
  readonly cluster: eks.ICluster;

  /** The model to serve: it is optimized for TensorFlow Serving, or taken as published with `ModelSource.fromArtifact`. */
  readonly model: ModelSource;

  /**
   * The name that requests call the model by: `/v1/models/<name>`.
   *
   * @default - the construct's id in lower case, with hyphens for all but letters and digits
   */
  readonly modelName?: string;

  /**
   * Name of the Kubernetes objects, and so the host that clients in the cluster call.
   *
   * @default - the model's name
   */
  readonly serviceName?: string;

  /**
   * Namespace of the Kubernetes objects.
   *
   * @default 'default'
   */
  readonly namespaceName?: string;

  /**
   * Whether the namespace is made here, under the restricted pod security standard. It is deleted with the stack, and all that is in it.
   *
   * Services of one stack share it. Services of other stacks leave this out, and are deployed later.
   *
   * @default false
   */
  readonly createNamespace?: boolean;

  /**
   * How the model gets into the pods.
   *
   * @default ModelStorage.COPY
   */
  readonly modelStorage?: ModelStorage;

  /**
   * The image that serves, for x86_64.
   *
   * @default ServingImage.fromRegistry('tensorflow/serving:2.20.0')
   */
  readonly servingImage?: ServingImage;

  /**
   * Image with the AWS command line that copies the model, with a tag or a digest.
   *
   * @default 'public.ecr.aws/aws-cli/aws-cli:2.31.0', unless the model is mounted
   */
  readonly copyImage?: string;

  /**
   * How many pods serve, when their number is fixed. An autoscaler without a choice keeps it, so that it can be given one without losing a pod.
   *
   * @default 3
   */
  readonly replicas?: number;

  /**
   * The fewest pods that serve, when their number follows the load.
   *
   * @default 3 with `maxReplicas`
   */
  readonly minReplicas?: number;

  /**
   * The most pods that serve. Lets their number follow the load.
   *
   * @default - the number of pods is fixed
   */
  readonly maxReplicas?: number;

  /**
   * Share of the processors asked for that is to be used, in percent: above it pods are added.
   *
   * @default 60 with `maxReplicas`
   */
  readonly targetCpuUtilization?: number;

  /**
   * How many pods are started at the same time when a new version takes over. None is ended before another serves.
   *
   * @default - a quarter of the pods, one at least; with a load balancer all of them, because it takes minutes to send requests to a new pod
   */
  readonly maxSurge?: number;

  /**
   * Processors that a pod is sure to have; parts are allowed.
   *
   * @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
   * @default 1
   */
  readonly cpuRequest?: number;

  /**
   * Processors that a pod uses at most. TensorFlow gets no more threads for one operation, and for batches, unless these are given.
   *
   * @default - no limit: what the node has to spare
   */
  readonly cpuLimit?: number;

  /**
   * Memory that a pod is sure to have.
   *
   * @default - what the model was measured to need and a quarter more; 512 MiB and twice the model where nothing was measured; with `memoryLimit` the limit
   */
  readonly memoryRequest?: Size;

  /**
   * Memory at which a pod is ended.
   *
   * @default - no limit
   */
  readonly memoryLimit?: Size;

  /**
   * How long a pod may take to load the model before it is started again. Together with `minReadyTime` not longer than `rolloutTimeout`.
   *
   * @default Duration.minutes(10)
   */
  readonly startupTimeout?: Duration;

  /**
   * How long a pod must have been ready before it counts, and before a pod of the version before is ended for it.
   *
   * @default - no time; 3 minutes with a load balancer, which takes a few to send requests to a new pod
   */
  readonly minReadyTime?: Duration;

  /**
   * How long a deployment waits for pods of the new version, 14 minutes at most.
   *
   * @default Duration.minutes(14)
   */
  readonly rolloutTimeout?: Duration;

  /**
   * How long a pod that is to end goes on serving, until nobody sends it requests any more. 10 minutes at most with `applyManifests`.
   *
   * @default - 45 seconds; 2 minutes with a load balancer
   */
  readonly drainTime?: Duration;

  /**
   * Whether there is a network load balancer for clients outside the cluster. It has addresses of the VPC only.
   *
   * The deployment waits up to ten minutes for its name (`loadBalancerDnsName`). Its subnets need the tag `kubernetes.io/role/internal-elb: 1`, which
   * `eks.Cluster` gives to the subnets of a VPC that the app makes.
   *
   * @default false
   */
  readonly internalLoadBalancer?: boolean;

  /**
   * What makes the load balancer: `service.k8s.aws/nlb` where the AWS Load Balancer Controller is installed.
   *
   * @default 'eks.amazonaws.com/nlb', which is EKS Auto Mode
   */
  readonly loadBalancerClass?: string;

  /**
   * CIDR blocks of the clients that reach the load balancer.
   *
   * @default - the VPC's first CIDR block; without a limit where an imported cluster does not know its VPC, or that its CIDR block
   */
  readonly loadBalancerSourceRanges?: string[];

  /**
   * Environment variables of the server, such as TF_ENABLE_ONEDNN_OPTS. No secrets: they stand in the template.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Whether the containers may write to nothing but /tmp. That the official image can live with it was not tried.
   *
   * @default true
   */
  readonly readOnlyRootFilesystem?: boolean;

  /**
   * Number of the user and group that the containers run as. Not 0.
   *
   * @default 65532
   */
  readonly runAsUser?: number;

  /**
   * Processor features that the nodes have and a model may need, as /proc/cpuinfo names them, such as avx2. Each pod checks them.
   *
   * `bf16` stands for avx512_bf16 or amx_bf16, and brings pods to nodes of EKS Auto Mode or Karpenter that have it: `c`, `m` and `r` of the 7th
   * generation, or newer. Elsewhere select nodes by `nodeSelector` and name the feature as they have it, or give `podSpec` an `affinity`.
   *
   * @default - `bf16` with `Quantization.bfloat16()`, otherwise none: a published model that needs any is refused
   */
  readonly cpuFeatures?: string[];

  /**
   * Further labels that nodes must have.
   *
   * @default - kubernetes.io/arch: amd64 and kubernetes.io/os: linux alone
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * Further labels of the pods, e.g. for a network policy or a service mesh.
   *
   * @default - only those that the library sets
   */
  readonly podLabels?: { [label: string]: string };

  /**
   * Further annotations of the pods, such as `karpenter.sh/do-not-disrupt`.
   *
   * @default - only those that the library sets: the server's configuration, and where its metrics are
   */
  readonly podAnnotations?: { [annotation: string]: string };

  /**
   * Further containers of the pods, e.g. an agent, as Kubernetes has them: at least `name` and `image`.
   *
   * Each gets the `securityContext` that the restricted pod security standard asks for, unless it brings its own.
   *
   * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
   * @default - none
   */
  readonly extraContainers?: { [field: string]: unknown }[];

  /**
   * Further volumes, which `extraContainers` mount, as Kubernetes has them.
   *
   * @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/
   * @default - none
   */
  readonly extraVolumes?: { [field: string]: unknown }[];

  /**
   * Any other field of the pods' spec, such as tolerations. It replaces what the library sets in a field of that name.
   *
   * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
   * @default - none
   */
  readonly podSpec?: { [field: string]: unknown };

  /**
   * Whether the deployment applies the Kubernetes objects and waits for them.
   *
   * Without it the template has nothing of kubectl: `toYaml()` returns the objects, and each deployment writes them to the artifact bucket, at
   * `bundleKey`, for whatever applies them.
   *
   * @default true
   */
  readonly applyManifests?: boolean;

  /**
   * What happens to Kubernetes objects that the deployment does not apply any more: the service, or the stack, or `applyManifests` was taken away.
   *
   * With `RemovalPolicy.RETAIN` they stay, and serve. Deploy it once before something else is to apply them.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether objects that the cluster has already are taken over. Otherwise the deployment fails where one has a name that it needs.
   *
   * @default false
   */
  readonly adoptExisting?: boolean;

  /**
   * Role of the pods. It must trust pods.eks.amazonaws.com, and gets read access to the model added.
   *
   * @default - a role that can read this model and nothing more
   */
  readonly role?: iam.IRole;
}
