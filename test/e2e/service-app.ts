import { App, Duration } from 'aws-cdk-lib';
import { ServiceStack } from '../../bin/service-stack';

/** The example of a service, with a shorter patience. */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

new ServiceStack(app, context('stack')!, {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: context('model')!,
  evaluation: context('data'),
  rolloutTimeout: Duration.seconds(Number(context('rolloutSeconds') ?? 300)),
  cpuFeatures: context('cpuFeatures')?.split(','),
});
