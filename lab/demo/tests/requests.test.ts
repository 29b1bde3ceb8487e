import type { Golden } from '../../../lib/private/documents/golden';
import type { Manifest } from '../../../lib/private/documents/manifest';
import { modelNameOf } from '../model-name';
import { PATH_NAMES } from '../options';
import { PATHS, pathsToShow } from '../paths';
import { predictOwn } from '../predictions';
import type { Server } from '../server';

describe('the name of a model', () => {
  test.each([
    ['/models/price.keras', 'price'],
    ['/models/Half_Plus Two.tflite', 'Half_Plus-Two'],
    ['/models/flowers/saved_model', 'flowers'],
    ['/models/flowers/3', 'flowers'],
    ['/models/_.h5', 'model'],
    [`/${'long'.repeat(30)}`, 'long'.repeat(30).slice(0, 50)],
  ])('of %s is %s', (path, name) => {
    expect(modelNameOf(path)).toBe(name);
  });
});

test('the paths are shown with the server of the options', () => {
  expect(pathsToShow({ paths: ['service', 'fleet'], server: 'litert' }).map(({ title, stack }) => [title, stack]))
    .toEqual([['Amazon EKS, LiteRT server', 'ServiceStack'], ['Amazon EC2, LiteRT server', 'FleetStack']]);
  expect(pathsToShow({ paths: ['service'], server: 'tensorflow_serving' })).toEqual([PATHS.service]);
});

test('the options accept exactly the paths that can be shown', () => {
  expect([...PATH_NAMES]).toEqual(Object.keys(PATHS));
});

describe('the request to a model of one\'s own', () => {
  const asked = async (dtype: string, requests: Golden['requests'], hasData: boolean) => {
    const bodies: unknown[] = [];
    const server = { request: (_: string, __: string, body: unknown) => (bodies.push(body), Promise.resolve({ status: 200, body: '{"outputs": [1]}' })) } as unknown as Server;
    const manifest = { model: 'own', defaultSignature: 's', signatures: { s: { batched: true, inputs: { x: { dtype, shape: [-1, 2] } } } } } as unknown as Manifest;
    const { predictions } = await predictOwn(server, manifest, () => Promise.resolve({ model: 'own', signatureName: 's', relativeTolerance: 0, requests }), hasData);
    return [...bodies, predictions];
  };
  const request = { inputs: { x: [['good', 'bad']] } };

  test.each([
    ['numbers are zeros', 'float32', [{ request, response: { outputs: [] } }], { inputs: { x: [[0, 0]] } }, false],
    ['numbers with data is a golden request', 'float32', [{ request, response: { outputs: [] } }], request, true],
    ['text is a golden request', 'string', [{ request, response: { outputs: [] } }], request, false],
    ['text without a golden request is empty', 'string', [], { inputs: { x: [['', '']] } }, false],
  ])('of %s', async (_, dtype, golden, body, hasData) => {
    expect(await asked(dtype, golden, hasData)).toEqual([body, [[1]]]);
  });
});
