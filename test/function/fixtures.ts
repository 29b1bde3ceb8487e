import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IModelArtifact, ModelFunctionProps } from '../../lib';
import { ModelArtifact, ModelFunction, ModelSource } from '../../lib';

/** Context that bundles nothing: bundling has tests of its own. */
export const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] };

/** All feature flags off, and as `cdk init` recommends them. A library must work with both. */
export const FLAG_SETS: [string, Record<string, unknown>][] = [
  ['without feature flags', {}],
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  ['with the recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
];

/** A file that passes for a LiteRT model. No test here reads more of it. */
export function tfliteFile(content = ''): string {
  const path = join(mkdtempSync(join(tmpdir(), 'model-')), 'model.tflite');
  writeFileSync(path, Buffer.concat([Buffer.from([28, 0, 0, 0]), Buffer.from('TFL3'), Buffer.alloc(64), Buffer.from(content)]));
  return path;
}

/** A hook that takes the rows as they come. */
export const PREPROCESS = 'def preprocess(event):\n    return event["rows"]\n';

/** The directory of a hook. */
export function hookDirectory(files: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'hook-'));
  Object.entries({ 'hook.py': PREPROCESS, ...files }).forEach(([name, text]) => writeFileSync(join(directory, name), text));
  return directory;
}

/** A stack without an environment, in an app that bundles nothing. */
export function emptyStack(flags: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context: { ...flags, ...UNBUNDLED } }), 'Stack');
}

/** A published model in a bucket. */
export function publishedModel(stack: Stack): IModelArtifact {
  return ModelArtifact.fromBucket(stack, 'Published', {
    bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'),
    manifestKey: 'digits-0123abcd/litert/7/manifest.json',
    manifestSha256: 'a'.repeat(64),
  });
}

/** A function of a published model: the smallest stack that has one. */
export function modelFunction(stack: Stack, props: Partial<ModelFunctionProps> = {}, id = 'Digits'): ModelFunction {
  const model = props.model ?? ModelSource.fromArtifact((stack.node.tryFindChild('Published') as unknown as IModelArtifact) ?? publishedModel(stack));
  return new ModelFunction(stack, id, { ...props, model });
}

/** The one resource of a type whose logical id starts with a text. */
export function resourceOf(stack: Stack, type: string, prefix = ''): { id: string; properties: any; resource: any } {
  const found = Object.entries(Template.fromStack(stack).findResources(type)).filter(([id]) => id.startsWith(prefix));
  expect(found).toHaveLength(1);
  const [id, resource] = found[0];
  return { id, properties: resource.Properties, resource };
}

/** The function's properties in a template, for properties of ours. */
export function functionProperties(props: Partial<ModelFunctionProps>): any {
  const stack = emptyStack();
  modelFunction(stack, props);
  return resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties;
}
