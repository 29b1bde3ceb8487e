import { readFileSync } from 'fs';
import type { OptimizationStep , ModelFormat } from '../../lib';
import { Distillation, Graph, LayerQuantization, OptimizationRecipe, Pruning, Quantization, Student, StudentSize } from '../../lib';

/** Every step and every pair of steps, with the problems that they have. The optimizer is tested against the same table. */
const TABLE: Record<string, Record<string, Record<string, Problem[]>>> = JSON.parse(readFileSync('optimizer/tests/fixtures/recipe_rules.json', 'utf8'));

type Problem = 'format' | 'data' | 'order' | 'twice';

const STEPS: Record<string, OptimizationStep> = {
  distillation: Distillation.into(Student.ofSize(StudentSize.SMALL)),
  pruning: Pruning.magnitude({ sparsity: 0.5 }),
  dynamicRange: Quantization.dynamicRange(),
  float16: Quantization.float16(),
  fullInteger: Quantization.fullInteger(),
  mixed: Quantization.mixed({ allSupported: LayerQuantization.DYNAMIC_WI8_AFP32 }),
  bfloat16: Quantization.bfloat16(),
  strip: Graph.strip(),
  freeze: Graph.freeze(),
};

const WORDS: Record<Problem, RegExp> = {
  format: /is for LiteRT|is for TensorFlow Serving|has no effect on a LiteRT model/,
  data: /needs real inputs/,
  order: /is trained first/,
  twice: /exclude each other|leave Graph\.strip\(\) out/,
};

const cases = Object.entries(TABLE).flatMap(([format, byData]) => Object.entries(byData).flatMap(([data, bySteps]) =>
  Object.entries(bySteps).map(([steps, problems]) => [format, data, steps, problems] as const)));

test('the table has every step and every pair of steps, with and without data, for both formats', () => {
  const names = Object.keys(STEPS);
  const all = [...names, ...names.flatMap((name) => names.map((other) => `${name}, ${other}`))];

  expect(cases).toHaveLength(all.length * 4);
  expect(new Set(cases.map(([, , steps]) => steps))).toEqual(new Set(all));
});

test.each(cases)('%s, %s: %s', (format, data, steps, problems) => {
  const recipe = OptimizationRecipe.of(...steps.split(', ').map((name) => STEPS[name]));

  const found = recipe._problems(format as ModelFormat, 'savedModel', data === 'with data');

  expect(found.map((text) => Object.entries(WORDS).find(([, words]) => words.test(text))?.[0] ?? text).filter(unique).sort()).toEqual([...problems].sort());
});

function unique<T>(value: T, index: number, all: T[]): boolean {
  return all.indexOf(value) === index;
}
