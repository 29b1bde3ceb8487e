import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import type { ModelFunctionProps } from '../../lib';
import { EvaluationData, ModelFunction, ModelSource, OptimizationRecipe, QualityGate } from '../../lib';
import { checkKinds } from '../../lib/private/kinds';

const MODEL = ModelSource.fromAsset('examples/digits/saved_model');

test.each<[object, string]>([
  [{ model: 'path/to/model' }, 'model must be a ModelSource, got "path/to/model": give ModelSource.fromAsset("path/to/model")'],
  [{ model: null }, 'model must be a ModelSource, got null: give ModelSource.fromAsset("…")'],
  [{ model: {} }, 'model must be a ModelSource, got another object: give ModelSource.fromAsset("…")'],
  [{}, 'model must be a ModelSource, got nothing: give ModelSource.fromAsset("…")'],
  [{ model: MODEL, memorySize: 1024 }, 'memorySize must be a Size, got 1024: give Size.mebibytes(1024)'],
  [{ model: MODEL, timeout: 30 }, 'timeout must be a Duration, got 30: give Duration.seconds(30)'],
  [{ model: MODEL, timeout: '30 s' }, 'timeout must be a Duration, got "30 s": give Duration.seconds(…)'],
  [{ model: MODEL, evaluation: 'data.npz' }, 'evaluation must be EvaluationData, got "data.npz": give EvaluationData.fromAsset("data.npz")'],
])('%j from a program without types is reported', (props, problem) => {
  expect(checkKinds(props, ['model'])).toEqual([problem]);
});

test('values of the right kind have no problem', () => {
  expect(checkKinds({
    model: MODEL, evaluation: EvaluationData.fromAsset('data.npz'), recipe: OptimizationRecipe.none(), gate: QualityGate.maxAccuracyLoss(0.1),
    memorySize: Size.gibibytes(1), timeout: Duration.seconds(1), deploymentMaxLatency: undefined,
  }, ['model'])).toEqual([]);
});

test.each([['Duration', 30], ['Size', 1024]])('every property that takes a %s is checked', (kind, given) => {
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((path) => /(props|options)\.ts$/.test(path)).map((path) => readFileSync(join('lib', path), 'utf8'));
  const names = sources.flatMap((source) => [...source.matchAll(new RegExp(`readonly (\\w+)\\??: ${kind};`, 'g'))].map(([, name]) => name));

  expect(names.length).toBeGreaterThan(4);
  for (const name of names) {
    expect(checkKinds({ [name]: given })).toEqual([expect.stringMatching(`^${name} must be a ${kind}, got ${given}`)]);
  }
});

test('a construct reports all of them at once, before anything else', () => {
  const props = { model: 'model', memorySize: 1024 } as unknown as ModelFunctionProps;

  expect(() => new ModelFunction(new Stack(new App()), 'Digits', props)).toThrow(/^2 problems:\n {2}- model must be .*\n {2}- memorySize must be /);
});

test('a search without options says what it needs', () => {
  const search = OptimizationRecipe.search as unknown as () => OptimizationRecipe;

  expect(() => new ModelFunction(new Stack(new App()), 'Digits', { model: MODEL, recipe: search() }))
    .toThrow(/OptimizationRecipe\.search\(…\) objective must be SearchObjective\.SIZE or SearchObjective\.LATENCY, got nothing/);
});
