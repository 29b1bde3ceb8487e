import type { Duration } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { ModelServer, ReplayOptions, RequestCapture, Rollout, ServerCertificate, ServingBinary } from '../lib';
import { ModelFleet } from '../lib';
import { exampleModel, exampleOutputs } from './example-model';
import type { ExampleStackProps } from './example-stack-props';
import { exampleZones } from './zones';

export interface FleetStackProps extends ExampleStackProps {
  /** @default - TensorFlow Serving */
  readonly server?: ModelServer;
  /** @default - from TensorFlow Serving's image */
  readonly servingBinary?: ServingBinary;
  /** Without NAT gateways, instances use VPC endpoints and have no internet access. @default 0 */
  readonly natGateways?: number;
  /** @default 2 */
  readonly minCapacity?: number;
  /** Maximum time until an instance's model answers. @default Duration.minutes(15) */
  readonly bootTimeout?: Duration;
  /** Time for open connections when an instance leaves the load balancer. @default Duration.seconds(120) */
  readonly connectionDraining?: Duration;
  /** @default - connections are not encrypted */
  readonly serverCertificate?: ServerCertificate;
  /** Serve a page for browsers. @default false */
  readonly explorer?: boolean;
  /** @default - the server's own defaults */
  readonly serverFlags?: { [flag: string]: unknown };
  /** @default - the instances are replaced one by one, without a canary */
  readonly rollout?: Rollout;
  /** @default false */
  readonly embeddedMetrics?: boolean;
  /** @default - nothing is captured */
  readonly capture?: RequestCapture;
  /** @default - nothing is replayed */
  readonly replay?: ReplayOptions;
}

const CIDR = '10.0.0.0/16';

/** A model on virtual machines behind an internal network load balancer, in a VPC of its own. */
export class FleetStack extends Stack {
  public readonly vpc: ec2.Vpc;
  public readonly endpoint: ModelFleet;

  constructor(scope: Construct, id: string, props: FleetStackProps) {
    super(scope, id, props);
    const natGateways = props.natGateways ?? 0;
    const subnetType = natGateways > 0 ? ec2.SubnetType.PRIVATE_WITH_EGRESS : ec2.SubnetType.PRIVATE_ISOLATED;
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(CIDR),
      natGateways,
      // A gateway endpoint is free, and saves the NAT gateway's charge per gigabyte. Without NAT gateways, `vpcEndpoints` below creates one.
      gatewayEndpoints: natGateways > 0 ? { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } } : undefined,
      subnetConfiguration: [
        ...natGateways > 0 ? [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }] : [],
        { name: 'Instances', subnetType },
      ],
    });

    this.endpoint = new ModelFleet(this, 'Digits', {
      vpc: this.vpc,
      vpcSubnets: { subnetType },
      vpcEndpoints: natGateways === 0,
      ...exampleModel(this, props),
      server: props.server,
      servingBinary: props.servingBinary,
      serverCertificate: props.serverCertificate,
      explorer: props.explorer,
      serverFlags: props.serverFlags,
      minCapacity: props.minCapacity,
      bootTimeout: props.bootTimeout,
      connectionDraining: props.connectionDraining,
      rollout: props.rollout,
      embeddedMetrics: props.embeddedMetrics,
      capture: props.capture,
      replay: props.replay,
      // The newest image at every deployment: fine for an example. Without this line, the image stays until cdk.context.json is refreshed.
      machineImage: ec2.MachineImage.latestAmazonLinux2023({ cpuType: ec2.AmazonLinuxCpuType.X86_64 }),
    });
    this.endpoint.connections.allowDefaultPortFrom(ec2.Peer.ipv4(CIDR), 'REST, from inside the VPC');

    new CfnOutput(this, 'LoadBalancer', { value: this.endpoint.loadBalancer.loadBalancerDnsName });
    new CfnOutput(this, 'AutoScalingGroup', { value: this.endpoint.autoScalingGroup.autoScalingGroupName });
    new CfnOutput(this, 'BootLog', { value: this.endpoint.logGroup.logGroupName });
    exampleOutputs(this, this.endpoint);
  }

  public override get availabilityZones(): string[] {
    return exampleZones(this);
  }
}
