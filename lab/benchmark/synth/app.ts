import { join } from 'path';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ModelFunction, ModelSource } from '../../../lib';

/*
 * One stack of models, as this library or as plain constructs make it: the environment's SUBJECT (models or plain) and MODELS.
 * OUTPUT is kept between runs, as cdk.out is: the layers are bundled by the first one only.
 * Prints the milliseconds of construction and synthesis, and the resources of the template, as JSON.
 */
const ROOT = join(__dirname, '..', '..', '..');
const DIGITS = join(ROOT, 'examples', 'digits', 'saved_model');

/** The least that serves a model without this library: function, layer and alias, from directories. */
function plainModel(stack: Stack, id: string): void {
  const layer = new lambda.LayerVersion(stack, `${id}Layer`, { code: lambda.Code.fromAsset(DIGITS), compatibleRuntimes: [lambda.Runtime.PYTHON_3_13] });
  const serving = new lambda.Function(stack, id, {
    runtime: lambda.Runtime.PYTHON_3_13,
    handler: 'index.handler',
    code: lambda.Code.fromAsset(join(ROOT, 'runtime', 'handler', 'src')),
    memorySize: 1769,
    timeout: Duration.seconds(30),
    ephemeralStorageSize: Size.mebibytes(512),
    layers: [layer],
  });
  new lambda.Alias(stack, `${id}Alias`, { aliasName: 'live', version: serving.currentVersion });
}

function synthesize(make: (stack: Stack, id: string) => void, models: number): { milliseconds: number; resources: number; bytes: number } {
  const started = performance.now();
  const app = new App({ analyticsReporting: false, outdir: process.env.OUTPUT });
  const stack = new Stack(app, 'Models');
  for (let index = 0; index < models; index += 1) {
    make(stack, `Model${index}`);
  }
  const { template } = app.synth().getStackByName(stack.stackName);
  return { milliseconds: performance.now() - started, resources: Object.keys(template.Resources).length, bytes: JSON.stringify(template).length };
}

const SUBJECTS: Record<string, (stack: Stack, id: string) => void> = {
  models: (stack, id) => void new ModelFunction(stack, id, { model: ModelSource.fromAsset(DIGITS) }),
  plain: plainModel,
};

process.stdout.write(`${JSON.stringify(synthesize(SUBJECTS[process.env.SUBJECT!], Number(process.env.MODELS)))}\n`);
