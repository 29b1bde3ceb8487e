#!/usr/bin/env node
import { App, Size } from 'aws-cdk-lib';
import { FunctionStack } from './function-stack';

/**
 * The example app: one stack per path, made of nothing but the library's public API.
 *
 *     cdk deploy FunctionStack
 *     cdk deploy FunctionStack -c model=path/to/saved_model -c data=path/to/data.npz -c 'inputShapes={"audio":[1,16000]}'
 */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

new FunctionStack(app, 'FunctionStack', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  model: context('model') ?? 'examples/digits/saved_model',
  evaluation: context('data') ?? (context('model') ? undefined : 'examples/digits/evaluation.npz'),
  inputShapes: context('inputShapes') ? JSON.parse(context('inputShapes')!) : undefined,
  memorySize: context('memorySize') ? Size.mebibytes(Number(context('memorySize'))) : undefined,
});
