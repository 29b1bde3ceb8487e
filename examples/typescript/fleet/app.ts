import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ModelFleet, ModelSource } from 'cdk-tensorflow';

const stack = new Stack(new App(), 'DigitsOnVirtualMachines');
const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 1 });

const digits = new ModelFleet(stack, 'Digits', {
  vpc,
  model: ModelSource.fromAsset('../../digits/saved_model'),
  // The newest image at each deployment. Without this line the image is looked up once, and stays until you refresh it.
  machineImage: ec2.MachineImage.latestAmazonLinux2023(),
});
digits.connections.allowDefaultPortFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock));

new CfnOutput(stack, 'Host', { value: digits.loadBalancer.loadBalancerDnsName });
