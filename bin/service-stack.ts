import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import type { Duration } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ModelServer, ReplayOptions, RequestCapture, Rollout } from '../lib';
import { ModelService } from '../lib';
import { exampleModel, exampleOutputs } from './example-model';
import type { ExampleStackProps } from './example-stack-props';
import { exampleZones } from './zones';

export interface ServiceStackProps extends ExampleStackProps {
  /** The program that serves. @default ModelServer.TENSORFLOW_SERVING */
  readonly server?: ModelServer;
  /** Make the model reachable from the VPC outside the cluster. @default false */
  readonly internalLoadBalancer?: boolean;
  /** @default - Kubernetes replaces the pods, without a canary */
  readonly rollout?: Rollout;
  /** How long a deployment waits for pods of a new version. @default Duration.minutes(14) */
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
    this.cluster = new eks.Cluster(this, 'Cluster', {
      vpc,
      version: eks.KubernetesVersion.V1_36,
      endpointAccess: props.apiCidrs ? eks.EndpointAccess.PUBLIC_AND_PRIVATE.onlyFrom(...props.apiCidrs) : eks.EndpointAccess.PRIVATE,
      clusterLogging: [
        eks.ClusterLoggingTypes.API, eks.ClusterLoggingTypes.AUDIT, eks.ClusterLoggingTypes.AUTHENTICATOR,
        eks.ClusterLoggingTypes.CONTROLLER_MANAGER, eks.ClusterLoggingTypes.SCHEDULER,
      ],
      kubectlProviderOptions: { kubectlLayer: new KubectlV36Layer(this, 'Kubectl') },
    });
    if (props.adminRoleArn) {
      this.cluster.grantClusterAdmin('Admin', props.adminRoleArn);
    }
    // Auto Mode includes nodes, load balancers and Pod Identity. Pod metrics, needed for autoscaling, are an add-on.
    const metrics = new eks.Addon(this, 'MetricsServer', { cluster: this.cluster, addonName: 'metrics-server' });

    this.endpoint = new ModelService(this, 'Digits', {
      cluster: this.cluster,
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
    this.endpoint.node.addDependency(metrics);

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
