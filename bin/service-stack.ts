import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import type { Duration } from 'aws-cdk-lib';
import { CfnOutput, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ModelServer, ReplayOptions, RequestCapture, Rollout } from '../lib';
import { ModelService } from '../lib';
import { exampleModel, exampleOutputs } from './example-model';
import type { ExampleStackProps } from './example-stack-props';
import { exampleZones } from './zones';

export interface ServiceStackProps extends ExampleStackProps {
  /** The program that serves. @default ModelServer.TENSORFLOW_SERVING */
  readonly server?: ModelServer;
  /** Processor of the pods and of their node pool. @default lambda.Architecture.X86_64 */
  readonly architecture?: lambda.Architecture;
  /** Make the model reachable from the VPC outside the cluster. @default false */
  readonly internalLoadBalancer?: boolean;
  /** @default - Kubernetes replaces the pods, without a canary */
  readonly rollout?: Rollout;
  /** Maximum wait of a deployment for pods of a new version. @default Duration.minutes(14) */
  readonly rolloutTimeout?: Duration;
  /** Role with full access to the cluster, e.g. to inspect pods that do not start. @default - none */
  readonly adminRoleArn?: string;
  /** CIDR blocks that reach the cluster's API from the internet. @default - none: only the VPC does */
  readonly apiCidrs?: string[];
  /** Processor features of the nodes; each pod checks them. */
  readonly cpuFeatures?: string[];
  /** Serve a page for browsers. @default false */
  readonly explorer?: boolean;
  /** @default - nothing is captured */
  readonly capture?: RequestCapture;
  /** @default - nothing is replayed */
  readonly replay?: ReplayOptions;
}

/** A model on Amazon EKS, in a cluster of its own with Auto Mode. */
export class ServiceStack extends Stack {
  public readonly cluster: eks.Cluster;
  public readonly endpoint: ModelService;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      natGateways: 1,
      // Free, and saves the NAT gateway's charge per gigabyte.
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
    });
    const clusterName = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    // EKS would create it, without a retention, and leave it behind.
    const logs = new LogGroup(this, 'ClusterLogs', {
      logGroupName: `/aws/eks/${clusterName}/cluster`, retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY,
    });
    this.cluster = new eks.Cluster(this, 'Cluster', {
      vpc,
      clusterName,
      version: eks.KubernetesVersion.V1_36,
      endpointAccess: props.apiCidrs ? eks.EndpointAccess.PUBLIC_AND_PRIVATE.onlyFrom(...props.apiCidrs) : eks.EndpointAccess.PRIVATE,
      clusterLogging: [
        eks.ClusterLoggingTypes.API, eks.ClusterLoggingTypes.AUDIT, eks.ClusterLoggingTypes.AUTHENTICATOR,
        eks.ClusterLoggingTypes.CONTROLLER_MANAGER, eks.ClusterLoggingTypes.SCHEDULER,
      ],
      kubectlProviderOptions: { kubectlLayer: new KubectlV36Layer(this, 'Kubectl') },
    });
    this.cluster.node.addDependency(logs);
    if (props.adminRoleArn) {
      this.cluster.grantClusterAdmin('Admin', props.adminRoleArn);
    }
    // Auto Mode includes nodes, load balancers and Pod Identity. Pod metrics, needed for autoscaling, are an add-on.
    const metrics = new eks.Addon(this, 'MetricsServer', { cluster: this.cluster, addonName: 'metrics-server' });

    const isArm = props.architecture?.name === lambda.Architecture.ARM_64.name;
    // The built-in pool for pods is for amd64 only.
    const pool = isArm ? this.cluster.addManifest('Graviton', nodePool('graviton', 'arm64')) : undefined;

    this.endpoint = new ModelService(this, 'Digits', {
      cluster: this.cluster,
      architecture: props.architecture,
      nodeSelector: isArm ? { 'karpenter.sh/nodepool': 'graviton' } : undefined,
      ...exampleModel(this, props),
      server: props.server,
      namespaceName: 'models',
      createNamespace: true,
      maxReplicas: 10,
      internalLoadBalancer: props.internalLoadBalancer,
      rollout: props.rollout,
      rolloutTimeout: props.rolloutTimeout,
      cpuFeatures: props.cpuFeatures,
      explorer: props.explorer,
      capture: props.capture,
      replay: props.replay,
    });
    this.endpoint.node.addDependency(metrics, ...pool ? [pool] : []);

    new CfnOutput(this, 'ClusterName', { value: this.cluster.clusterName });
    new CfnOutput(this, 'Host', { value: `${this.endpoint.serviceName}.${this.endpoint.namespaceName}.svc.cluster.local` });
    if (this.endpoint.loadBalancerDnsName) {
      new CfnOutput(this, 'LoadBalancer', { value: this.endpoint.loadBalancerDnsName });
    }
    exampleOutputs(this, this.endpoint);
  }

  public override get availabilityZones(): string[] {
    return exampleZones(this);
  }
}

/** Returns a node pool of EKS Auto Mode, with the node class that its built-in pools have. */
function nodePool(name: string, architecture: string): Record<string, unknown> {
  const requirement = (key: string, values: string[]) => ({ key, operator: 'In', values });
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name },
    spec: {
      template: {
        spec: {
          nodeClassRef: { group: 'eks.amazonaws.com', kind: 'NodeClass', name: 'default' },
          requirements: [
            requirement('kubernetes.io/arch', [architecture]),
            requirement('karpenter.sh/capacity-type', ['on-demand']),
            requirement('eks.amazonaws.com/instance-category', ['c', 'm', 'r']),
          ],
        },
      },
    },
  };
}
