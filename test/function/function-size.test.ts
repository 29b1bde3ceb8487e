import { mkdirSync, truncateSync, writeFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { FakeHost, SHARED_OBJECT, wheel } from '../bundling/fake-tools';
import { modelFunction, resourceOf } from './fixtures';

/** Lambda's limit for code and layers together, unzipped. */
const LIMIT = 262_144_000;

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
  host.addUv(wheel('ai_edge_litert', '2.3.0', 'manylinux_2_27_x86_64', { 'ai_edge_litert/libLiteRt.so': SHARED_OBJECT, 'ai_edge_litert/__init__.py': '' }));
});

afterEach(() => host.remove());

/** An app that really stages a further layer of so many bytes. */
function appWithLayer(bytes: number): App {
  const directory = join(host.directory, 'further');
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), '');
  truncateSync(join(directory, 'file'), bytes); // sparse: takes no room
  const app = new App();
  const stack = new Stack(app, 'Stack');
  modelFunction(stack, { layers: [new lambda.LayerVersion(stack, 'Further', { code: lambda.Code.fromAsset(directory) })] });
  return app;
}

test('code and layers that cannot fit are refused when the app is synthesized, with their sizes', () => {
  expect(() => appWithLayer(LIMIT).synth())
    .toThrow(/code and layers have \d{9} bytes unzipped \(handler \d+, further layers 262144000, runtime layer \d+\), .* Lambda allows 262144000/);
});

test('the known sizes go to the compatibility check, which adds the model at deployment', () => {
  const app = appWithLayer(LIMIT - 10_000_000);
  const fit = resourceOf(app.node.findChild('Stack') as Stack, 'Custom::TensorFlowModelCompatibility').properties;
  const offer = JSON.parse(fit.Offer['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'arn')).join(''));

  expect(offer).toMatchObject({
    partBytes: { handler: expect.any(Number), 'further layers': LIMIT - 10_000_000 },
    runtimes: { native: { layerBytes: expect.any(Number) }, numpy: { layerBytes: expect.any(Number) } },
  });
  expect(offer.partBytes.handler).toBeGreaterThan(10_000);
  expect(offer.runtimes.native.layerBytes).toBeGreaterThan(0);
});

test('sizes that may still fit are accepted: the compatibility check knows the model\'s size', () => {
  expect(() => appWithLayer(LIMIT - 10_000_000).synth()).not.toThrow();
});
