import { existsSync, readFileSync } from 'fs';
import type { Golden } from '../../../lib/private/documents/golden';
import { compare } from '../comparison';
import type { Figures } from '../figures';
import { goldenKey, replay } from '../golden';
import { inspections, inspectOwn } from '../optimizer';
import type { DemoOptions } from '../options';
import { duration, parseOptions, setUpNeeds } from '../options';
import { formatOf } from '../path';
import type { PathName } from '../path-name';
import { LITERT_PATHS, PATHS, pathsToShow } from '../paths';

const golden: Golden = {
  model: 'digits', signatureName: 'serving_default', relativeTolerance: 1e-3, requests: [{ request: { instances: [[1]] }, response: { predictions: [[0.2, 0.8]] } }],
};

describe('golden requests', () => {
  const answering = (status: number, body: unknown) => ({ request: () => Promise.resolve({ status, body: JSON.stringify(body) }) });

  test('are stored next to the manifest of their version', () => {
    expect(goldenKey('digits-0123abcd/saved_model/12/manifest.json')).toBe('digits-0123abcd/golden/12.json');
  });

  test('are compared by number and by decision', async () => {
    await expect(replay(answering(200, { predictions: [[0.2, 0.8]] }), 'digits', golden)).resolves
      .toEqual({ requests: 1, difference: null, relative: 0, decidedAlike: 1 });
    const other = await replay(answering(200, { predictions: [[0.6, 0.4]] }), 'digits', golden);
    expect(other.decidedAlike).toBe(0);
    expect(other.difference).toBe('golden request 1 of 1: the output at [0] must be 0.2 within 0.0008, got 0.6');
    expect(other.relative).toBeCloseTo(0.5);
  });

  test('an error, or an answer of another size, does not agree', async () => {
    await expect(replay(answering(404, { error: 'no such model' }), 'digits', golden)).rejects.toThrow(/is not answered, but got 404: .*no such model/);
    await expect(replay(answering(200, { predictions: [[0.2]] }), 'digits', golden)).resolves
      .toMatchObject({ difference: 'golden request 1 of 1: the output must be a list of 2, got a list of 1' });
  });
});

describe('the paths side by side', () => {
  const figures = { model: 'digits', sizeAfter: 1e6, accuracyAfter: 0.98, latencyMillisecondsAfter: 1, latencyMillisecondsServed: null } as Figures;
  const deployed = (name: PathName, answer: number, paths = PATHS) => ({
    path: paths[name],
    server: { request: () => Promise.resolve({ status: 200, body: JSON.stringify({ predictions: [[0.2, answer]] }) }) },
    outputs: { ArtifactBucket: 'bucket', ManifestKey: `digits-0123abcd/${formatOf(paths[name])}/1/manifest.json`, ReportKey: '', Summary: '' },
    figures: { ...figures, path: name },
  });
  const run = (options: Partial<DemoOptions>, objects: Record<string, string>) => ({
    options: { inputShapes: {}, paths: [], server: 'tensorflow_serving' as const, nodes: 'simulated' as const, open: false, strict: false, ...options },
    text: (_: string, key: string) => (key in objects ? Promise.resolve(objects[key]) : Promise.reject(new Error(`no object ${key}`))),
  });
  const published = { 'digits-0123abcd/golden/1.json': JSON.stringify(golden) };

  test('a quantized function may differ by what its gate allows, the others only by rounding', async () => {
    const table = await compare(run({}, published), [deployed('function', 0.79), deployed('service', 0.8), deployed('fleet', 0.8)]);
    expect(table).toMatch(/greatest relative difference +1\.3e-2 +0\.0e\+0 +0\.0e\+0/);
    await expect(compare(run({}, published), [deployed('function', 0.8), deployed('fleet', 0.79)])).rejects.toThrow(/EC2.*relative difference of 1\.3e-2, allowed are 0\.001/);
    await expect(compare(run({}, published), [deployed('function', 0.7), deployed('fleet', 0.8)])).rejects.toThrow(/Lambda.*allowed are 0\.05/);
  });

  test('all get the same requests, those of the model that is not quantized, and have a column each', async () => {
    const asked: string[] = [];
    const all = pathsToShow({ paths: ['function', 'service', 'fleet'], server: 'tensorflow_serving' }).map((path) => ({
      ...deployed(path.name, 0.8),
      server: {
        request: (method: string, address: string, body?: unknown) => {
          asked.push(`${path.label} ${method} ${address} ${JSON.stringify(body)}`);
          return Promise.resolve({ status: 200, body: JSON.stringify({ predictions: [[0.2, 0.8]] }) });
        },
      },
    }));
    const table = await compare(run({}, published), all);
    expect(asked).toEqual(['function', 'service', 'fleet'].map((label) => `${label} POST /v1/models/digits:predict {"instances":[[1]]}`));
    expect(table).toMatch(/^ +function +service +fleet$/m);
    expect(table).toMatch(/^ +server +LiteRT +stand-in +stand-in$/m);
  });

  test('where one LiteRT model is served everywhere, its own answers may differ only by rounding', async () => {
    const [fleet, lambda] = [deployed('fleet', 0.8, LITERT_PATHS), deployed('function', 0.79, LITERT_PATHS)];
    await expect(compare(run({}, published), [fleet, lambda])).rejects.toThrow(/Lambda.*allowed are 0\.001/);
    const own = { ...lambda, outputs: { ...lambda.outputs, ArtifactBucket: 'another' } };
    await expect(compare(run({}, published), [fleet, own])).resolves.toMatch(/greatest relative difference/);
  });

  test('a regression is compared by its mean absolute error', async () => {
    const paths = [deployed('function', 0.8), deployed('fleet', 0.8)].map((path, index) => ({
      ...path, figures: { ...path.figures, accuracyAfter: null, errorsAfter: { output: 'price', meanAbsoluteError: 12.3456 + index, rootMeanSquaredError: 20, rSquared: 0.9 } },
    }));
    const table = await compare(run({}, published), paths);
    expect(table).toMatch(/^ +MAE +12\.35 +13\.35$/m);
    expect(table).not.toMatch(/accuracy|no labels/);
  });

  test('missing golden requests are an error, except for a model without data, which has none', async () => {
    const paths = [deployed('function', 0.8), deployed('fleet', 0.8)];
    await expect(compare(run({}, {}), paths)).rejects.toThrow(/no object .*golden/);
    await expect(compare(run({ model: 'mine' }, {}), paths)).resolves.toMatch(/greatest relative difference *\n/);
  });
});

describe("the demo's options", () => {
  test('show the function path by default', () => {
    expect(parseOptions([])).toMatchObject({ paths: ['function'], open: false });
    expect(parseOptions(['--open'])).toMatchObject({ paths: ['function'], open: true });
  });

  test('an example brings its model, data and labels, and the program that makes them', () => {
    const of = (name: string) => parseOptions(['--example', name]) as DemoOptions;
    expect(of('digits').model).toBeUndefined();
    for (const name of ['weather', 'penguins']) {
      expect([of(name).model, of(name).data].map((file) => existsSync(file!))).toEqual([true, true]);
    }
    expect(readFileSync(of('penguins').labels!, 'utf8')).toBe('Adelie\nChinstrap\nGentoo\n');
    expect(existsSync(of('spam').make!)).toBe(true);
    expect(of('spam').model).toMatch(/\.tools.*spam\.keras$/);
    expect(setUpNeeds(of('spam'))).toMatchObject({ testTools: true });
  });

  test('an unknown example, and one beside a model of ones own, are refused', () => {
    expect(() => parseOptions(['--example', 'cats'])).toThrow('--example must be one of digits, weather, penguins, spam, got "cats"');
    expect(() => parseOptions(['--example', 'spam', '--model', 'x.keras', '--data', 'x.npz'])).toThrow('leave out --model and --data');
  });

  test('an unknown path is refused with the known ones', () => {
    expect(() => parseOptions(['--path', 'lambda'])).toThrow(/one of function.*all, got "lambda"/);
    expect(parseOptions(['--path', 'fleet', '--server', 'litert'])).toMatchObject({ paths: ['fleet'], server: 'litert' });
    expect(() => parseOptions(['--server', 'triton'])).toThrow('--server must be one of tensorflow_serving, litert, got "triton"');
    expect(parseOptions(['--path', 'all', '--server', 'litert'])).toMatchObject({ paths: ['function', 'service', 'fleet'], server: 'litert' });
  });

  test('pods run on simulated nodes unless other ones are wanted, which only a cluster has', () => {
    expect(parseOptions(['--path', 'all'])).toMatchObject({ nodes: 'simulated' });
    expect(parseOptions(['--path', 'service', '--nodes', 'real'])).toMatchObject({ nodes: 'real' });
    expect(parseOptions(['--path', 'all', '--nodes', 'auto'])).toMatchObject({ nodes: 'auto' });
    expect(() => parseOptions(['--path', 'service', '--nodes', 'some'])).toThrow('--nodes must be simulated, real or auto, got "some"');
    expect(() => parseOptions(['--nodes', 'real'])).toThrow('--nodes goes with --path service or all: the path function has no cluster');
  });

  test.each<[string[], string[], boolean, RegExp]>([
    [[], ['bootstrap'], false, /^This takes about 2 minutes on two processors: the first run .*compiles/],
    [['--path', 'fleet'], ['bootstrap'], true, /about 2 minutes/],
    [['--path', 'fleet', '--server', 'litert'], ['bootstrap', 'model_server'], true, /about 3 minutes/],
    [['--path', 'all', '--server', 'litert'], ['bootstrap', 'model_server'], true, /about 5 minutes/],
    [['--model', 'examples/digits/saved_model'], ['bootstrap'], true, /about 2 minutes/],
  ])('%j: compiles and installs only what is needed, and says how long it takes', (args, programs, testTools, sentence) => {
    const options = parseOptions(args) as DemoOptions;
    expect(setUpNeeds(options)).toEqual({ namespaces: true, programs, testTools });
    expect(duration(options, true)).toMatch(sentence);
  });

  test('says in fewer words how long a later run takes', () => {
    expect(duration(parseOptions([]) as DemoOptions, false)).toBe('This takes about one minute on two processors.');
  });

  test('data without a model, and files that do not exist, are refused', () => {
    expect(() => parseOptions(['--data', __filename])).toThrow(/--data goes with --model/);
    expect(() => parseOptions(['--labels', __filename])).toThrow(/--labels goes with --data/);
    expect(() => parseOptions(['--model', '/no/such/model'])).toThrow(/"\/no\/such\/model", which does not exist/);
  });
});

describe('a model of one\'s own', () => {
  const digits = { model: 'examples/digits/saved_model', data: 'examples/digits/evaluation.npz', inputShapes: {} };

  test('is inspected, and its data is checked, as the command line does it', () => {
    expect(inspections({ inputShapes: {} })).toEqual([]);
    expect(inspections({ ...digits, inputShapes: { audio: [-1, 16000] }, labels: 'names.txt' })).toEqual([
      ['inspect', digits.model],
      ['check', digits.model, digits.data, '--input-shape', 'audio=-1,16000', '--labels', 'names.txt'],
    ]);
  });

  test('and what it says is printed', () => {
    expect(inspectOwn(digits)).toMatch(/saved_model: saved_model[^]*signature serving_default, which a job evaluates: fits/);
  });

  test('is not deployed where its data does not fit, with every problem', () => {
    expect(() => inspectOwn({ ...digits, data: 'examples/weather/evaluation.npz' }))
      .toThrow(/^nothing is deployed, because of the model or its data:[^]*signature serving_default, which a job evaluates: \d+ problem/);
  });
});
