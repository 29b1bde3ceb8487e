import { Duration, Validations } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { HEALTH_CHECK, healthCheckPath } from '../serving/serving-settings';

export interface FleetNetworkProps {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets: ec2.SubnetSelection;
  readonly modelName: string;
  readonly grpcPort: number;
  readonly restPort: number;
  /** Certificate of the load balancer. */
  readonly certificate?: acm.ICertificateRef;
  /** True where the instances encrypt. */
  readonly encrypted: boolean;
  readonly connectionDraining: Duration;
}

/** An internal network load balancer, and a security group that lets only it reach the instances. */
export class FleetNetwork extends Construct {
  public readonly loadBalancer: elbv2.NetworkLoadBalancer;
  public readonly loadBalancerSecurityGroup: ec2.SecurityGroup;
  public readonly instanceSecurityGroup: ec2.SecurityGroup;
  public readonly grpcPort: ec2.Port;
  public readonly restPort: ec2.Port;
  public readonly grpcListener: elbv2.NetworkListener;
  public readonly restListener: elbv2.NetworkListener;
  public readonly grpcTargetGroup: elbv2.NetworkTargetGroup;
  public readonly restTargetGroup: elbv2.NetworkTargetGroup;

  constructor(scope: Construct, id: string, props: FleetNetworkProps) {
    super(scope, id);
    const { vpc, vpcSubnets, modelName, grpcPort: grpc, restPort: rest } = props;
    this.grpcPort = ec2.Port.tcp(grpc);
    this.restPort = ec2.Port.tcp(rest);

    this.loadBalancerSecurityGroup = new ec2.SecurityGroup(this, 'LoadBalancerSecurityGroup', {
      vpc, allowAllOutbound: false, description: `Load balancer of the model ${modelName}`,
    });
    this.instanceSecurityGroup = new ec2.SecurityGroup(this, 'InstanceSecurityGroup', {
      vpc, allowAllOutbound: false, description: `Instances of the model ${modelName}`,
    });
    for (const [port, what] of [[this.grpcPort, 'gRPC'], [this.restPort, 'REST and health checks']] as const) {
      this.instanceSecurityGroup.connections.allowFrom(this.loadBalancerSecurityGroup, port, what);
    }
    // AWS services have no fixed addresses. Security groups do not apply to the VPC's DNS and time servers.
    this.instanceSecurityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS, 'S3, CloudFormation, CloudWatch Logs and Systems Manager');

    this.loadBalancer = new elbv2.NetworkLoadBalancer(this, 'LoadBalancer', {
      vpc, vpcSubnets: onePerZone(vpcSubnets), internetFacing: false, crossZoneEnabled: true, securityGroups: [this.loadBalancerSecurityGroup],
    });
    Validations.of(this.loadBalancer).acknowledge({
      id: 'AwsSolutions-ELB2',
      reason: 'A network load balancer logs TLS connections only, not requests; call loadBalancer.logAccessLogs() where it has a certificate',
    });
    this.grpcTargetGroup = this.targetGroup('GrpcTargets', grpc, rest, props);
    this.restTargetGroup = this.targetGroup('RestTargets', rest, rest, props);
    this.grpcListener = this.listener('Grpc', grpc, this.grpcTargetGroup, props);
    this.restListener = this.listener('Rest', rest, this.restTargetGroup, props);
  }

  private targetGroup(id: string, port: number, healthPort: number, props: FleetNetworkProps): elbv2.NetworkTargetGroup {
    return new elbv2.NetworkTargetGroup(this, id, {
      vpc: props.vpc,
      port,
      // A load balancer with a certificate decrypts, and encrypts again.
      protocol: props.encrypted && props.certificate ? elbv2.Protocol.TLS : elbv2.Protocol.TCP,
      targetType: elbv2.TargetType.INSTANCE,
      deregistrationDelay: props.connectionDraining,
      connectionTermination: true,
      // With client addresses preserved, connections with the same source port through two zones collide, and an instance cannot reach itself.
      preserveClientIp: false,
      healthCheck: {
        protocol: props.encrypted ? elbv2.Protocol.HTTPS : elbv2.Protocol.HTTP,
        port: String(healthPort),
        path: healthCheckPath(props.modelName),
        healthyHttpCodes: '200',
        interval: Duration.seconds(HEALTH_CHECK.intervalSeconds),
        timeout: Duration.seconds(HEALTH_CHECK.timeoutSeconds),
        healthyThresholdCount: HEALTH_CHECK.healthyThreshold,
        unhealthyThresholdCount: HEALTH_CHECK.unhealthyThreshold,
      },
    });
  }

  private listener(id: string, port: number, targets: elbv2.NetworkTargetGroup, { certificate }: FleetNetworkProps): elbv2.NetworkListener {
    return this.loadBalancer.addListener(id, {
      port,
      protocol: certificate ? elbv2.Protocol.TLS : elbv2.Protocol.TCP,
      certificates: certificate ? [elbv2.ListenerCertificate.fromCertificateManager(certificate)] : undefined,
      sslPolicy: certificate ? elbv2.SslPolicy.RECOMMENDED_TLS : undefined,
      alpnPolicy: certificate && id === 'Grpc' ? elbv2.AlpnPolicy.HTTP2_ONLY : undefined,
      defaultTargetGroups: [targets],
    });
  }
}

/** A load balancer and an interface endpoint accept one subnet per Availability Zone. */
export function onePerZone(selection: ec2.SubnetSelection): ec2.SubnetSelection {
  const { subnets } = selection;
  return subnets ? { subnets: ec2.SubnetFilter.onePerAz().selectSubnets(subnets) } : { ...selection, onePerAz: true };
}
