import { Stack, Token, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acrossPacks } from '../private/acknowledge';
import { onePerZone } from './fleet-network';

const ID = 'TensorFlowFleetEndpoints';

const INTERFACES: Record<string, ec2.InterfaceVpcEndpointAwsService> = {
  CloudFormation: ec2.InterfaceVpcEndpointAwsService.CLOUDFORMATION,
  LoadBalancing: ec2.InterfaceVpcEndpointAwsService.ELASTIC_LOAD_BALANCING,
  Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
  SsmMessages: ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
};

/**
 * VPC endpoints that give instances access to AWS services without internet access.
 *
 * There is one set per VPC and stack. An interface endpoint changes DNS for its service in the whole VPC: a second one for the same service
 * is rejected, and the endpoint must allow traffic from the whole VPC.
 */
export class FleetEndpoints extends Construct {
  /** Returns the VPC's endpoints, extended to these subnets. */
  public static of(scope: Construct, vpc: ec2.IVpc, subnets: ec2.SubnetSelection): FleetEndpoints {
    const stack = Stack.of(scope);
    const id = `${ID}-${Token.isUnresolved(vpc.vpcId) ? vpc.node.addr : vpc.vpcId}`;
    const endpoints = (stack.node.tryFindChild(id) as FleetEndpoints | undefined) ?? new FleetEndpoints(stack, id, vpc, subnets);
    endpoints.leadToS3(subnets);
    return endpoints;
  }

  /** Connections to the interface endpoints. */
  public readonly connections: ec2.Connections;
  private readonly routeTables = new Set<string>();

  private constructor(scope: Construct, id: string, private readonly vpc: ec2.IVpc, subnets: ec2.SubnetSelection) {
    super(scope, id);
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, allowAllOutbound: false, description: 'VPC endpoints of model fleets' });
    this.connections = new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.HTTPS });
    this.connections.allowDefaultPortFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock), 'everything in the VPC');
    for (const id of ['AwsSolutions-EC23', ...acrossPacks('EC2RestrictedSSH'), ...acrossPacks('EC2RestrictedCommonPorts')]) {
      Validations.of(securityGroup).acknowledge({ id, reason: 'HTTPS from the VPC\'s own range of addresses, which is known when it is deployed' });
    }
    for (const [name, service] of Object.entries(INTERFACES)) {
      new ec2.InterfaceVpcEndpoint(this, name, { vpc, subnets: onePerZone(subnets), service, securityGroups: [securityGroup], open: false });
    }
  }

  /** Adds the endpoint for captured requests, once. */
  public leadToFirehose(subnets: ec2.SubnetSelection): void {
    this.leadTo('Firehose', ec2.InterfaceVpcEndpointAwsService.KINESIS_FIREHOSE, subnets);
  }

  /** Adds the endpoint for the server's certificate, once. */
  public leadToSecretsManager(subnets: ec2.SubnetSelection): void {
    this.leadTo('SecretsManager', ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER, subnets);
  }

  private leadTo(id: string, service: ec2.InterfaceVpcEndpointAwsService, subnets: ec2.SubnetSelection): void {
    if (!this.node.tryFindChild(id)) {
      new ec2.InterfaceVpcEndpoint(this, id, {
        vpc: this.vpc, subnets: onePerZone(subnets), service, securityGroups: this.connections.securityGroups, open: false,
      });
    }
  }

  /** Adds S3 gateway endpoints; a route table can have only one. */
  private leadToS3(selection: ec2.SubnetSelection): void {
    const subnets = this.vpc.selectSubnets(selection).subnets.filter(({ routeTable }) => !this.routeTables.has(routeTable.routeTableId));
    if (subnets.length > 0) {
      subnets.forEach(({ routeTable }) => this.routeTables.add(routeTable.routeTableId));
      new ec2.GatewayVpcEndpoint(this, `S3-${subnets[0].node.addr}`, {
        vpc: this.vpc, subnets: [{ subnets }], service: ec2.GatewayVpcEndpointAwsService.S3,
      });
    }
  }
}
