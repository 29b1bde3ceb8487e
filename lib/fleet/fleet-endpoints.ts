import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

const INTERFACES: Record<string, ec2.InterfaceVpcEndpointAwsService> = {
  CloudFormation: ec2.InterfaceVpcEndpointAwsService.CLOUDFORMATION,
  LoadBalancing: ec2.InterfaceVpcEndpointAwsService.ELASTIC_LOAD_BALANCING,
  Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
  SsmMessages: ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
};

/** What a fleet's endpoints are made of. */
export interface FleetEndpointsProps {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets: ec2.SubnetSelection;
  /** The only ones that may use them. */
  readonly instanceSecurityGroup: ec2.ISecurityGroup;
}

/** The ways from an instance to AWS's services that need no internet. */
export class FleetEndpoints extends Construct {
  constructor(scope: Construct, id: string, props: FleetEndpointsProps) {
    super(scope, id);
    const { vpc, vpcSubnets: subnets } = props;
    new ec2.GatewayVpcEndpoint(this, 'S3', { vpc, subnets: [subnets], service: ec2.GatewayVpcEndpointAwsService.S3 });
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, allowAllOutbound: false, description: 'VPC endpoints of a model fleet' });
    securityGroup.connections.allowFrom(props.instanceSecurityGroup, ec2.Port.HTTPS, 'instances of the fleet');
    for (const [name, service] of Object.entries(INTERFACES)) {
      new ec2.InterfaceVpcEndpoint(this, name, { vpc, subnets, service, securityGroups: [securityGroup], open: false });
    }
  }
}
