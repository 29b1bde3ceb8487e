import { join } from 'path';
import { App, CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { ExampleStackProps } from '../../bin/example-stack-props';
import { FleetStack } from '../../bin/fleet-stack';
import { FunctionStack } from '../../bin/function-stack';
import { ServiceStack } from '../../bin/service-stack';
import type { ModelOptimizer } from '../../lib';
import { LiteRtRuntime, ModelHook, ModelServer, OptimizationRecipe, QualityGate, RequestCapture, Rollout } from '../../lib';
import { Probe } from './probe';
import { sandboxStack } from './trials/sandbox';
import { deliveryStacks, functionStack } from './trials/stacks';

/** The example app's stacks, with the project's name as an output, and a probe inside the VPC for internal load balancers. */
const app = new App();

const common: ExampleStackProps = {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: 'examples/digits/saved_model',
  evaluation: 'examples/digits/evaluation.npz',
  recipe: app.node.tryGetContext('recipe') === 'none' ? OptimizationRecipe.none() : undefined,
  gate: app.node.tryGetContext('gate') === 'impossible' ? QualityGate.maxSize(Size.kibibytes(1)) : undefined,
};

/** Server of pods and instances. */
const server = Object.values(ModelServer).find((name) => name === app.node.tryGetContext('server'));

/** Rolls out by canary. The LiteRT server's captured requests are replayed too; TensorFlow Serving captures none. */
const canary = app.node.tryGetContext('rollout') === 'canary';
const rollout = canary ? Rollout.canary({ percent: 10, bake: Duration.minutes(2) }) : undefined;
const captured = server !== ModelServer.LITERT ? {} : {
  capture: RequestCapture.sampled({ rate: 1, retention: Duration.days(1) }),
  replay: canary ? { maxDisagreement: 0.05 } : undefined,
};

const named = (optimizer: ModelOptimizer) => new CfnOutput(Stack.of(optimizer), 'ProjectName', { value: optimizer.project.projectName });

const lambda = new FunctionStack(app, 'VerifyFunction', {
  ...common,
  liteRtRuntime: app.node.tryGetContext('runtime') === 'numpy' ? LiteRtRuntime.NUMPY : undefined,
  hook: app.node.tryGetContext('hook') === 'broken'
    ? ModelHook.fromAsset(join(__dirname, 'broken-hook'), { checkEventFile: join(__dirname, 'broken-hook-event.json') }) : undefined,
});
named(lambda.endpoint.optimizer!);

const service = new ServiceStack(app, 'VerifyService', { ...common, server, internalLoadBalancer: true, rollout, ...captured });
named(service.endpoint.optimizer!);
const serviceProbe = new Probe(service, 'Probe', { vpc: service.cluster.vpc });
service.endpoint.connections.allowDefaultPortFrom(serviceProbe);
const address = new eks.KubernetesObjectValue(service, 'LoadBalancerHost', {
  cluster: service.cluster,
  objectType: 'service',
  objectName: service.endpoint.serviceName,
  objectNamespace: service.endpoint.namespaceName,
  jsonPath: '.status.loadBalancer.ingress[0].hostname',
});
address.node.addDependency(service.endpoint);
new CfnOutput(service, 'Address', { value: address.value });

const fleet = new FleetStack(app, 'VerifyFleet', { ...common, server, rollout, ...captured });
named(fleet.endpoint.optimizer!);
new Probe(fleet, 'Probe', { vpc: fleet.vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });

deliveryStacks(app, common);
functionStack(app, common);
sandboxStack(app, common);
