import { App, CfnOutput, Duration } from 'aws-cdk-lib';
import { ServiceStack } from '../../bin/service-stack';
import { ModelServer, OptimizationRecipe, QualityGate, QualityMetric, RequestCapture } from '../../lib';

/** The digits example in pods with the LiteRT server. */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

const stack = new ServiceStack(app, context('stack')!, {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: context('model') ?? 'examples/digits/saved_model',
  evaluation: 'examples/digits/evaluation.npz',
  server: ModelServer.LITERT,
  explorer: true,
  recipe: context('recipe') === 'none' ? OptimizationRecipe.none() : OptimizationRecipe.forLiteRt(),
  gate: context('notWorse') ? QualityGate.notWorseThanServing({ metric: QualityMetric.accuracy(), margin: 0.02 }) : undefined,
  rolloutTimeout: Duration.seconds(Number(context('rolloutSeconds') ?? 300)),
  cpuFeatures: context('cpuFeatures')?.split(','),
  capture: RequestCapture.sampled({ rate: 1, retention: Duration.days(7), redact: context('redact')?.split(',') }),
  replay: context('maxRelativeError') ? { maxRelativeError: Number(context('maxRelativeError')) } : undefined,
});
new CfnOutput(stack, 'CaptureBucket', { value: stack.endpoint.captureBucket!.bucketName });
