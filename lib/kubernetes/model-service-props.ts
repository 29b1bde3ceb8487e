import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ReplayOptions } from '../endpoint/replay-options';
import type { RequestCapture } from '../endpoint/request-capture';
import type { Rollout } from '../endpoint/rollout';
import type { ModelSource } from '../model/model-source';
import type { OptimizationOptions } from '../optimization/optimization-options';
import type { ModelServer } from '../serving/model-server';
import type { ServingImage } from '../serving/serving-image';
import type { TensorFlowServingOptions } from '../serving/tensorflow-serving-options';

/** Properties of a model served on Kubernetes, by TensorFlow Serving or by this library's LiteRT server. */
export interface ModelServiceProps extends OptimizationOptions, TensorFlowServingOptions {
  /**
   * The cluster to serve in, new or imported: EKS Auto Mode, or one with the EKS Pod Identity agent.
   *
   * Scaling needs the add-on metrics-server; `ModelStorage.MOUNTPOINT` needs the add-on aws-mountpoint-s3-csi-driver.
   */
  readonly cluster: eks.ICluster;

  /**
   * Declare that the cluster has CloudWatch's Container Insights with its classic metrics, by the add-on `amazon-cloudwatch-observability` for example.
   *
   * The metric methods then return those metrics, and `ModelAlarms` and `ModelDashboard` accept the service. Nothing is installed.
   *
   * @default false
   */
  readonly containerInsights?: boolean;

  /** The model to serve: optimized for the server, or used as published with `ModelSource.fromArtifact`. */
  readonly model: ModelSource;

  /**
   * The program that serves the model.
   *
   * `ModelServer.LITERT` serves the models that `ModelFunction` serves with its native runtime, optimized in the same ways: it starts within
   * milliseconds, needs tens of MiB, and runs on Graviton too. Options of TensorFlow Serving that it lacks are refused.
   *
   * @default ModelServer.TENSORFLOW_SERVING
   */
  readonly server?: ModelServer;

  /**
   * Capture requests with their answers in a bucket of their own. They may be personal data: see the guide on security. Needs `ModelServer.LITERT`.
   *
   * The server sends them to Firehose with the role of the pods; a `baseImage` of your own needs the package ca-certificates for that.
   * Requests over gRPC are captured as the same requests over REST would be, in column format. No request waits: what the server cannot send in time
   * is dropped, and counted by `model_server:dropped_captures` among its metrics.
   *
   * @default - nothing is captured
   */
  readonly capture?: RequestCapture;

  /**
   * Replay the newest captured requests to a new version before any pod gets it, and end the deployment if its answers differ too much from the
   * recorded ones. Without captured requests that another version answered, golden requests alone are compared.
   *
   * Needs `capture`, and `ModelServer.LITERT`. A Lambda function of the stack answers them, which runs the same model by the same native program and is
   * idle otherwise: the model must fit into Lambda (250 MB unzipped, 10,240 MiB of memory). Replayed requests are neither captured nor counted.
   *
   * @default - nothing is replayed
   */
  readonly replay?: ReplayOptions;

  /**
   * Processor of the nodes and of the optimization. `ARM_64` needs `ModelServer.LITERT`, and nodes with that processor: the built-in node pools of
   * EKS Auto Mode start none for pods.
   *
   * @default lambda.Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;

  /**
   * Name of the model in request paths: `/v1/models/<name>`. At most 63 letters, digits, underscores, hyphens and dots.
   *
   * @default - the construct's id in lower case, with hyphens in place of all characters except letters and digits
   */
  readonly modelName?: string;

  /**
   * Name of the Kubernetes objects, and the host name for clients in the cluster.
   *
   * @default - the model's name in lower case, with hyphens in place of all characters except letters and digits, and `model-` before a digit
   */
  readonly serviceName?: string;

  /**
   * Namespace of the Kubernetes objects.
   *
   * @default 'default'
   */
  readonly namespaceName?: string;

  /**
   * Create the namespace, with the restricted pod security standard. It and everything in it is deleted with the stack.
   *
   * Services in the same stack share it. In other stacks, leave this out and deploy them later.
   *
   * @default false
   */
  readonly createNamespace?: boolean;

  /**
   * Storage of the model in pods: mounted from its bucket, or copied.
   *
   * @default ModelStorage.COPY
   */
  readonly modelStorage?: ModelStorage;

  /**
   * TensorFlow Serving's image, for x86_64.
   *
   * @default ServingImage.fromRegistry('tensorflow/serving:2.20.0'), unless the server is `ModelServer.LITERT`
   */
  readonly servingImage?: ServingImage;

  /**
   * Image in which the LiteRT server runs: any with glibc 2.28 or newer, libstdc++, a shell and sha256sum. It needs a tag or a digest.
   *
   * The server itself is not part of it: pods copy it from S3.
   *
   * @default 'public.ecr.aws/amazonlinux/amazonlinux:2023.9.20250929.0-minimal' with `ModelServer.LITERT`
   */
  readonly baseImage?: string;

  /**
   * Image with the AWS CLI, which copies the model, and the LiteRT server. It needs a tag or a digest; for the LiteRT server also a shell.
   *
   * @default 'public.ecr.aws/aws-cli/aws-cli:2.31.0', unless nothing is copied
   */
  readonly copyImage?: string;

  /**
   * Fixed number of pods. An autoscaler with equal limits enforces it, so that you can switch to scaling later without losing a pod.
   *
   * @default 3
   */
  readonly replicas?: number;

  /**
   * Minimum number of pods when scaling.
   *
   * @default 3 with `maxReplicas`
   */
  readonly minReplicas?: number;

  /**
   * Maximum number of pods. Setting it turns on scaling.
   *
   * @default - the number of pods is fixed
   */
  readonly maxReplicas?: number;

  /**
   * Target processor utilization, in percent of the processors that a pod requests (`cpuRequest`). Pods are added above it.
   *
   * Only the server's container counts, not `extraContainers`.
   *
   * @default 60 with `maxReplicas`
   */
  readonly targetCpuUtilization?: number;

  /**
   * Maximum number of additional pods during a rollout. No pod ends before its replacement serves.
   *
   * @default - a quarter of the pods, rounded up; all of them with a load balancer, which takes minutes to send requests to a new pod
   */
  readonly maxSurge?: number;

  /**
   * Processors reserved for a pod; fractions are allowed.
   *
   * @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
   * @default 1
   */
  readonly cpuRequest?: number;

  /**
   * Maximum processors of a pod. Also the default for the threads of one operation and for `numBatchThreads`.
   *
   * The LiteRT server computes as many requests at the same time, or as `cpuRequest` says where there is no limit.
   *
   * @default - no limit: a pod may use idle processors of the node
   */
  readonly cpuLimit?: number;

  /**
   * Memory reserved for a pod.
   *
   * @default - `memoryLimit` if given; otherwise 1.25 times the model's measured memory, for each processor with the LiteRT server. If not measured,
   * twice the model's size plus 512 MiB, or 64 MiB with the LiteRT server
   */
  readonly memoryRequest?: Size;

  /**
   * Maximum memory of a pod. Kubernetes kills a container that exceeds it.
   *
   * @default - no limit
   */
  readonly memoryLimit?: Size;

  /**
   * Maximum time for a pod to load the model before it is restarted. Together with `minReadyTime` at most `rolloutTimeout`.
   *
   * @default Duration.minutes(10)
   */
  readonly startupTimeout?: Duration;

  /**
   * Time that a new pod must be ready before it counts as available and an old pod may end.
   *
   * @default - zero; 3 minutes with a load balancer, which takes minutes to send requests to a new pod
   */
  readonly minReadyTime?: Duration;

  /**
   * Strategy by which a new version takes over.
   *
   * With `Rollout.canary()` a second, small Deployment beside the first gets each version first. It serves through the same Services, permanently,
   * and is not scaled: its share of the requests follows from connections and numbers of pods. It bakes for at most 13 minutes.
   *
   * @default Rollout.allAtOnce()
   */
  readonly rollout?: Rollout;

  /**
   * Time that a deployment waits for pods of the new version. At most 14 minutes.
   *
   * @default Duration.minutes(14)
   */
  readonly rolloutTimeout?: Duration;

  /**
   * Time that a terminating pod keeps serving, until no more requests reach it. At most 10 minutes with `applyManifests`.
   *
   * @default - 45 seconds; 2 minutes with a load balancer
   */
  readonly drainTime?: Duration;

  /**
   * Create an internal network load balancer for clients outside the cluster.
   *
   * The deployment waits up to ten minutes for its name (`loadBalancerDnsName`). Its subnets need the tag `kubernetes.io/role/internal-elb: 1`, which
   * `eks.Cluster` adds to the subnets of a VPC created in the app.
   *
   * @default false
   */
  readonly internalLoadBalancer?: boolean;

  /**
   * Load balancer class of the Service. Use `service.k8s.aws/nlb` with the AWS Load Balancer Controller.
   *
   * @default 'eks.amazonaws.com/nlb', which is EKS Auto Mode
   */
  readonly loadBalancerClass?: string;

  /**
   * CIDR blocks that may reach the load balancer.
   *
   * @default - the VPC's primary CIDR block; no restriction if an imported cluster does not know it
   */
  readonly loadBalancerSourceRanges?: string[];

  /**
   * Environment variables of the server, such as TF_ENABLE_ONEDNN_OPTS. Do not put secrets here: they appear in the template.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Make the root file system read-only, so that containers can write to /tmp only.
   *
   * @default true
   */
  readonly readOnlyRootFilesystem?: boolean;

  /**
   * User and group ID of the containers. Must not be 0.
   *
   * @default 65532
   */
  readonly runAsUser?: number;

  /**
   * Processor features that the model may need and the nodes have, named as in /proc/cpuinfo, such as avx2. Each pod checks them.
   *
   * `bf16` means avx512_bf16 or amx_bf16, and schedules pods on suitable nodes of EKS Auto Mode or Karpenter: `c`, `m` and `r` instances of
   * generation 7 or newer. On other nodes, use `nodeSelector` and the exact flag, or set an `affinity` in `podSpec`.
   *
   * @default - `bf16` with `Quantization.bfloat16()`, otherwise none: a published model that needs any is rejected
   */
  readonly cpuFeatures?: string[];

  /**
   * Additional labels that nodes must have.
   *
   * @default - only kubernetes.io/arch, which follows from `architecture`, and kubernetes.io/os: linux
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * Additional labels of the pods, e.g. for a network policy or a service mesh.
   *
   * @default - only those that the library sets
   */
  readonly podLabels?: { [label: string]: string };

  /**
   * Additional annotations of the pods, such as `karpenter.sh/do-not-disrupt`.
   *
   * @default - only those that the library sets: the server's configuration and the metrics endpoint
   */
  readonly podAnnotations?: { [annotation: string]: string };

  /**
   * Additional containers of the pods, e.g. an agent, in Kubernetes' format: at least `name` and `image`.
   *
   * Each gets the `securityContext` that the restricted pod security standard requires, unless it sets its own.
   *
   * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
   * @default - none
   */
  readonly extraContainers?: { [field: string]: unknown }[];

  /**
   * Additional volumes for `extraContainers`, in Kubernetes' format.
   *
   * @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/
   * @default - none
   */
  readonly extraVolumes?: { [field: string]: unknown }[];

  /**
   * Other fields of the pod spec, such as tolerations. They replace fields of the same name that the library sets.
   *
   * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
   * @default - none
   */
  readonly podSpec?: { [field: string]: unknown };

  /**
   * Apply the Kubernetes objects in the deployment, and wait for them.
   *
   * If false, the stack does not use kubectl: `toYaml()` returns the objects, and each deployment writes them to the artifact bucket at
   * `bundleKey`, for another tool to apply.
   *
   * @default true
   */
  readonly applyManifests?: boolean;

  /**
   * Fate of Kubernetes objects that are no longer part of the deployment: the service, the stack or `applyManifests` was removed.
   *
   * With `RemovalPolicy.RETAIN` they stay and keep serving. Deploy once with this setting before another tool takes over.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Take over existing objects in the cluster. Otherwise the deployment fails if an object with the same name exists.
   *
   * @default false
   */
  readonly adoptExisting?: boolean;

  /**
   * Role of the pods. It must trust pods.eks.amazonaws.com; read access to the model is added. One that another stack creates has to be imported:
   * `iam.Role.fromRoleArn(this, 'Role', role.roleArn)`.
   *
   * @default - a role that can only read this model
   */
  readonly role?: iam.IRole;
}

/** Storage of the model in a pod. */
export enum ModelStorage {
  /** Copies the model from S3 when the pod starts. The cluster needs no add-on; the node needs disk space for the model. */
  COPY = 'copy',

  /**
   * Mounts the model read-only with Mountpoint for Amazon S3, for models too large for a node's disk. A pod reads it twice: to check and to load it.
   *
   * The cluster needs the add-on aws-mountpoint-s3-csi-driver, version 2.5 or newer, and capacity for the pod that it starts for each mount.
   */
  MOUNTPOINT = 'mountpoint',
}
