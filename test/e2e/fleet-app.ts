import { App, Duration } from 'aws-cdk-lib';
import { FleetStack } from '../../bin/fleet-stack';
import { ModelServer, OptimizationRecipe, ServingBinary, ServingImage } from '../../lib';

/** The app that fleet.test.ts deploys: the example's stack, with what a test changes as context. */
const app = new App();
const image = app.node.tryGetContext('image');
const server = app.node.tryGetContext('server');
const isLiteRt = server === ModelServer.LITERT;

new FleetStack(app, 'Fleet', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: 'examples/digits/saved_model',
  server: isLiteRt ? ModelServer.LITERT : undefined,
  ...isLiteRt ? {} : { servingBinary: image ? ServingBinary.fromImage(ServingImage.fromRegistry(image)) : ServingBinary.fromAsset(server) },
  recipe: app.node.tryGetContext('recipe') === 'none' ? OptimizationRecipe.none() : undefined,
  minCapacity: 1,
  bootTimeout: Duration.minutes(5),
  // gRPC connections end by themselves in half of this time.
  connectionDraining: Duration.seconds(20),
});
