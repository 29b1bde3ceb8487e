import { mkdirSync, writeFileSync } from 'fs';
import { join, resolve } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { listFiles } from '../../lib/bundling/bundle-files';
import { PythonBundling } from '../../lib/bundling/python-bundling';
import { pythonFunction, pythonLayer } from '../../lib/bundling/python-code';
import { type FakeHost, wheel } from './fake-tools';

export const PACKAGE = wheel('package', '1.0', 'manylinux_2_27_x86_64', { 'package/__init__.py': 'x = 1', 'package/tests/test_x.py': 'assert True' });
export const SELECTION = { keep: ['/package/', '/*.dist-info/METADATA', '/*.dist-info/licenses/'], drop: ['/package/tests/'] };

/** A stack with a function and a layer of small directories. */
export function bundleOn(host: FakeHost, options: {
  bundling?: PythonBundling;
  architecture?: lambda.Architecture;
  runtime?: lambda.Runtime;
  context?: Record<string, unknown>;
  requirements?: string;
} = {}) {
  const handler = join(host.directory, 'handler');
  const requirements = join(host.directory, 'requirements');
  mkdirSync(join(handler, '__pycache__'), { recursive: true });
  mkdirSync(requirements, { recursive: true });
  writeFileSync(join(handler, 'index.py'), 'def handler(event, context): return event\n');
  if (options.requirements) {
    writeFileSync(join(handler, 'requirements.txt'), options.requirements);
  }
  writeFileSync(join(handler, '__pycache__', 'index.cpython-311.pyc'), 'stale');
  writeFileSync(join(requirements, 'requirements.txt'), 'package==1.0 --hash=sha256:00\n');

  const app = new App({ context: options.context });
  const stack = new Stack(app, 'Stack');
  const shared = {
    runtime: options.runtime ?? lambda.Runtime.PYTHON_3_13,
    architecture: options.architecture ?? lambda.Architecture.X86_64,
    pythonBundling: options.bundling ?? PythonBundling.AUTO,
  };
  const layer = pythonLayer(stack, 'Layer', { ...shared, entry: requirements, selection: SELECTION, pinned: true });
  const fn = pythonFunction(stack, 'Function', { ...shared, entry: handler });
  return { app, stack, layer: staged(layer), fn: staged(fn), layerConstruct: layer };
}

function staged(construct: lambda.Function | lambda.LayerVersion) {
  const asset = construct.node.findChild('Code') as Asset;
  const directory = resolve((construct.node.root as App).outdir, asset.assetPath);
  return { hash: asset.assetHash, directory, files: listFiles(directory) };
}
