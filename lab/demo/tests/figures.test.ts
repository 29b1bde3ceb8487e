import type { Manifest, Runtime } from '../../../lib/private/documents/manifest';
import { figuresOf, figuresTable } from '../figures';

type Outputs = NonNullable<Manifest['evaluation']>['outputs'];

const NONE = {
  accuracy: null, agreement: null, relativeError: null, meanAbsoluteError: null, rootMeanSquaredError: null, rSquared: null, errorIncrease: null,
};

function rows(
  before: Record<string, Partial<Outputs[string]>>, after: Record<string, Partial<Outputs[string]>>,
  latencyRatioInterval: [number, number] = [0.271, 0.314], runtime: Runtime | null = null,
): Record<string, string[]> {
  const metrics = (outputs: typeof before): Manifest['evaluation'] => ({
    evidence: 'labels', sizeBytes: 1e6, samples: 100, latencyMilliseconds: 1, latencyRatioInterval,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, { task: 'multiclass', ...NONE, ...output }])),
  });
  const manifest = {
    model: 'price', version: 1, sizeBytes: 5e5, candidate: 'float16', unverified: false, buildId: 'b', latencyMilliseconds: null,
    defaultSignature: 'serving_default', signatures: {}, original: metrics(before), evaluation: metrics(after), requirements: { runtime, peakMemoryMebibytes: null },
  } as Partial<Manifest> as Manifest;
  const lines = figuresTable(figuresOf(manifest)).split('\n').map((line) => line.trim().split(/ {2,}/));
  return Object.fromEntries(lines.map(([label, ...cells]) => [label, cells]));
}

describe("the table of a model's figures", () => {
  test('a classification has its accuracy and no errors', () => {
    const table = rows({ digit: { accuracy: 0.98 } }, { digit: { accuracy: 0.975 } });
    expect(table.accuracy).toEqual(['98.00 %', '97.50 %']);
    expect(table).not.toHaveProperty('MAE');
  });

  test('the latency has the spread of its ratio', () => {
    const digit = { digit: { accuracy: 1 } };
    expect(rows(digit, digit)['ratio to before']).toEqual(['95 %', '0.27 … 0.31']);
    expect(rows(digit, digit, [0.271, 0.314], 'native')['ratio to float32']).toEqual(['95 %', '0.27 … 0.31']);
    expect(rows(digit, digit, [0.98, 1.26])['ratio to before']).toEqual(['95 %', 'no difference']);
  });

  test('a regression with labels has MAE, RMSE and R² before and after, and no accuracy', () => {
    const table = rows(
      { price: { meanAbsoluteError: 1234.567, rootMeanSquaredError: 2000, rSquared: 0.91 } },
      { price: { meanAbsoluteError: 1300, rootMeanSquaredError: 2100.04, rSquared: 0.90004, errorIncrease: 0.053 } },
    );
    expect(table).toMatchObject({ 'MAE': ['1235', '1300'], 'RMSE': ['2000', '2100'], 'R²': ['0.91', '0.9'] });
    expect(table).not.toHaveProperty('accuracy');
  });

  test('of several regressions, the one whose error increased most is shown, before and after', () => {
    const table = rows(
      { weight: { meanAbsoluteError: 900 }, price: { meanAbsoluteError: 2 } },
      { weight: { meanAbsoluteError: 901, errorIncrease: 0.001 }, price: { meanAbsoluteError: 3, errorIncrease: 0.5 } },
    );
    expect(table.MAE).toEqual(['2', '3']);
  });

  test('an infinite increase is the greatest, and an error that is no finite number has its text', () => {
    const table = rows(
      { weight: { meanAbsoluteError: 900 }, price: { meanAbsoluteError: 2 } },
      { weight: { meanAbsoluteError: 901, errorIncrease: 0.5 }, price: { meanAbsoluteError: 'Infinity', rSquared: 'NaN', errorIncrease: 'Infinity' } },
    );
    expect(table).toMatchObject({ 'MAE': ['2', 'Infinity'], 'R²': ['NaN'] });
  });

  test('a model with both kinds of outputs has accuracy and errors', () => {
    const table = rows(
      { kind: { accuracy: 1 }, price: { meanAbsoluteError: 2 } },
      { kind: { accuracy: 1 }, price: { meanAbsoluteError: 2, errorIncrease: 0 } },
    );
    expect(table).toMatchObject({ accuracy: ['100.00 %', '100.00 %'], MAE: ['2', '2'] });
  });

  test('without labels the table says so', () => {
    expect(rows({ y: { agreement: 1 } }, { y: { agreement: 1 } }).accuracy).toEqual(['no labels', 'no labels']);
  });
});
