import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EvaluationData, ModelService, ModelSource, ModelTask } from '../../lib';
import { inNameOrder } from '../../lib/private/in-name-order';
import { importedCluster } from '../kubernetes/fixtures';

const text = (value: unknown) => JSON.stringify(inNameOrder(value));

test.each<[string, unknown, string]>([
  ['members', { b: 1, a: 2 }, '{"a":2,"b":1}'],
  ['members at any depth', { b: { d: 1, c: 2 }, a: [{ f: 1, e: 2 }] }, '{"a":[{"e":2,"f":1}],"b":{"c":2,"d":1}}'],
])('%s are sorted by name', (_, value, expected) => {
  expect(text(value)).toBe(expected);
});

test.each<[string, unknown]>([['lists', [3, 1, 2]], ['texts', 'ba'], ['nothing', undefined], ['null', null]])('%s stay unchanged', (_, value) => {
  expect(inNameOrder(value)).toEqual(value);
});

test('a token stays the object that the CDK resolves', () => {
  const token = Lazy.any({ produce: () => 1 });

  expect(inNameOrder({ a: token }).a).toBe(token);
});

test('the order of a map\'s entries does not change the template', () => {
  const template = (order: <T extends object>(map: T) => T) => {
    const stack = new Stack(new App(), 'Stack');
    new ModelService(stack, 'Digits', {
      cluster: importedCluster(stack),
      model: ModelSource.fromAsset('examples/digits/saved_model', { inputShapes: order({ image: [1, 28, 28, 1], mask: [1, 28] }) }),
      evaluation: EvaluationData.fromAsset('examples/digits/evaluation.npz'),
      tasks: order({ digit: ModelTask.MULTICLASS, odd: ModelTask.BINARY }),
      nodeSelector: order({ pool: 'models', zone: 'a' }),
      podSpec: order({ priorityClassName: 'high', tolerations: [order({ key: 'models', operator: 'Exists' })] }),
      serverFlags: order({ num_load_threads: 2, use_alts_credentials: false }),
    });
    return JSON.stringify(Template.fromStack(stack).toJSON());
  };

  expect(template((map) => Object.fromEntries(Object.entries(map).reverse()) as typeof map)).toBe(template((map) => map));
});
