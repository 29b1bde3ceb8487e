#!/usr/bin/env node
import { App, Size } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ModelServer, OptimizationRecipe, QualityGate, ServingBinary } from '../lib';
import type { ExampleStackProps } from './example-stack-props';
import { FleetStack } from './fleet-stack';
import { FunctionStack } from './function-stack';
import { ServiceStack } from './service-stack';

/**
 * The example app: one stack per path, using only the library's public API.
 *
 *     cdk deploy FunctionStack
 *     cdk deploy ServiceStack -c internalLoadBalancer=true
 *     cdk deploy ServiceStack -c zones=us-east-1a,us-east-1c
 *     cdk deploy ServiceStack -c adminRole=arn:aws:iam::123456789012:role/Admin -c apiCidrs=203.0.113.0/24
 *     cdk deploy FleetStack -c minCapacity=1 -c server=path/to/tensorflow_model_server
 *     cdk deploy FleetStack -c modelServer=litert
 *     cdk deploy ServiceStack -c modelServer=litert
 *     cdk deploy ServiceStack -c modelServer=litert -c architecture=arm64
 *     cdk deploy FunctionStack -c model=path/to/saved_model -c data=path/to/data.npz -c 'inputShapes={"audio":[1,16000]}'
 *     cdk deploy FunctionStack -c recipe=none -c maxSizeKibibytes=500
 *     cdk deploy FleetStack -c modelServer=litert -c artifactBucket=models -c manifestKey=digits-0123abcd/litert/1/manifest.json
 */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

const RECIPES: Record<string, OptimizationRecipe | undefined> = { '': undefined, 'none': OptimizationRecipe.none() };
const recipe = context('recipe') ?? '';
if (!(recipe in RECIPES)) {
  throw new Error(`-c recipe must be none, or left out for each path's own recipe, got ${JSON.stringify(recipe)}`);
}

const common: ExampleStackProps = {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: context('model') ?? 'examples/digits/saved_model',
  evaluation: context('data') ?? (context('model') ? undefined : 'examples/digits/evaluation.npz'),
  labelsFile: context('labels'),
  modelName: context('modelName'),
  inputShapes: context('inputShapes') ? JSON.parse(context('inputShapes')!) : undefined,
  recipe: RECIPES[recipe],
  gate: context('maxSizeKibibytes') ? QualityGate.maxSize(Size.kibibytes(Number(context('maxSizeKibibytes')))) : undefined,
};

new FunctionStack(app, 'FunctionStack', {
  ...common,
  memorySize: context('memorySize') ? Size.mebibytes(Number(context('memorySize'))) : undefined,
});

const published = context('manifestKey') ? { bucketName: context('artifactBucket')!, manifestKey: context('manifestKey')! } : undefined;
const server = Object.values(ModelServer).find((name) => name === context('modelServer'));
// TensorFlow Serving does not serve LiteRT files.
if (!common.model.endsWith('.tflite') || server === ModelServer.LITERT) {
  new ServiceStack(app, 'ServiceStack', {
    ...common,
    published,
    server,
    architecture: context('architecture') === 'arm64' ? lambda.Architecture.ARM_64 : undefined,
    internalLoadBalancer: context('internalLoadBalancer') === 'true',
    adminRoleArn: context('adminRole'),
    apiCidrs: context('apiCidrs')?.split(','),
  });

  new FleetStack(app, 'FleetStack', {
    ...common,
    published,
    server,
    servingBinary: context('server') ? ServingBinary.fromAsset(context('server')!) : undefined,
    minCapacity: context('minCapacity') ? Number(context('minCapacity')) : undefined,
  });
}
