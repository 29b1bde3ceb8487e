import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ModelFleet, ModelFunction, ModelHook, ModelSource, ServingBinary } from '../../lib';
import { addPorted, preset, SECTIONS } from './ported';

/** The function and the fleet of docs/porting.md, by the page's own code. */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
const hook = context('hook');
// The paths of the page start here.
process.chdir(context('directory')!);

const functions = new Stack(app, 'Function', { env });
addPorted(functions, SECTIONS.function, {
  ModelSource,
  ModelFunction: preset(ModelFunction, hook ? { hook: ModelHook.fromAsset(hook) } : {}),
  caller: new iam.Role(functions, 'Caller', { assumedBy: new iam.AccountRootPrincipal() }),
});
new CfnOutput(functions, 'FunctionName', { value: (functions.node.findChild('Digits') as ModelFunction).lambdaFunction.functionName });

const fleets = new Stack(app, 'Fleet', { env });
const vpc = new ec2.Vpc(fleets, 'Vpc', { maxAzs: 2, natGateways: 1 });
addPorted(fleets, SECTIONS.fleet, {
  ec2,
  ModelSource,
  ModelFleet: preset(ModelFleet, {
    servingBinary: ServingBinary.fromAsset(context('server')!),
    machineImage: ec2.MachineImage.latestAmazonLinux2023(),
    minCapacity: 1,
    bootTimeout: Duration.minutes(5),
  }),
  vpc,
  clients: new ec2.SecurityGroup(fleets, 'Clients', { vpc }),
});
new CfnOutput(fleets, 'LoadBalancer', { value: (fleets.node.findChild('MyModel') as ModelFleet).loadBalancer.loadBalancerDnsName });
