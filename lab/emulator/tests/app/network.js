// Deployed by test_network.py: what the CDK makes of a network, and what it looks up.
const cdk = require('aws-cdk-lib');

const { aws_ec2: ec2 } = cdk;

/** Three zones by a look-up, NAT, endpoints, groups that name each other, a closed default group, a pinned image. */
class NetworkStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { vpcName: 'models', natGateways: 1 });
    const load = new ec2.SecurityGroup(this, 'Load', { vpc, allowAllOutbound: false });
    const instances = new ec2.SecurityGroup(this, 'Instances', { vpc, allowAllOutbound: false });
    instances.connections.allowFrom(load, ec2.Port.tcp(8501), 'REST');
    vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    vpc.addInterfaceEndpoint('Logs', { service: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS });
    const image = ec2.MachineImage.latestAmazonLinux2023({ cachedInContext: true }).getImage(this);
    const outputs = {
      Vpc: vpc.vpcId, Load: load.securityGroupId, Instances: instances.securityGroupId, Image: image.imageId, Cidr: vpc.vpcCidrBlock,
      Zones: cdk.Fn.join(',', vpc.availabilityZones), Private: cdk.Fn.join(',', vpc.privateSubnets.map(({ subnetId }) => subnetId)),
    };
    for (const [name, value] of Object.entries(outputs)) {
      new cdk.CfnOutput(this, `${name}Output`, { value }).overrideLogicalId(name);
    }
  }
}

/** Finds the network that is there by its name. */
class LookupStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const vpc = ec2.Vpc.fromLookup(this, 'Vpc', { vpcName: 'models' });
    new ec2.SecurityGroup(this, 'Group', { vpc });
    new cdk.CfnOutput(this, 'PrivateOutput', { value: vpc.privateSubnets.map(({ subnetId }) => subnetId).join(',') }).overrideLogicalId('Private');
  }
}

const app = new cdk.App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
new { NetworkStack, LookupStack }[app.node.tryGetContext('stack')](app, app.node.tryGetContext('stack'), { env });
