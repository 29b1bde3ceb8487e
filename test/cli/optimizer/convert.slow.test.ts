import { execFileSync } from 'child_process';
import { readdirSync, readFileSync, rmSync } from 'fs';
import { join } from 'path';
import { cacheDirectory } from '../../../cli/optimizer/cache';
import { installPackage, openDirectory, PYTHON, ROOT, run } from './installed-package';

const SAMPLES = join(ROOT, 'test', 'cli', 'optimizer', 'samples');

let work: string;
let program: string;

beforeAll(() => {
  work = openDirectory('convert-');
  program = installPackage(work);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

const at = (...names: string[]) => join(work, ...names);
const outcome = (out: string) => JSON.parse(readFileSync(join(out, 'outcome.json'), 'utf8'));
const optimize = (model: string, data: string, out: string) => run(program, ['optimize', model, '--data', data, '--out', out, '--python', PYTHON]);

/** Runs a sample's Python in the optimizer's environment, and returns what it prints. */
const python = (name: string, ...args: string[]) => execFileSync(PYTHON, [join(SAMPLES, name), ...args], { encoding: 'utf8' });

/** The interpreter of the environment that `convert` made for a lock. */
function interpreterWith(module: string): string {
  const found = readdirSync(cacheDirectory()).filter((name) => name.startsWith('python3.')).map((name) => join(cacheDirectory(), name))
    .find((directory) => readdirSync(join(directory, 'lib')).some((version) => readdirSync(join(directory, 'lib', version, 'site-packages')).includes(module)));
  return join(found!, 'bin', 'python');
}

/** Fails with what the program said. */
async function done(ended: ReturnType<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  expect(code === 0 ? '' : `${code}: ${stdout}${stderr}`).toBe('');
  return stdout;
}

test('an ONNX model becomes a function\'s, answers as ONNX Runtime does, and a conversion that changed it is refused', async () => {
  python('onnx_rows.py', at('rows.npz'));
  // The file is written by its own environment, which the first command makes.
  const refused = await run(program, ['convert', at('missing.onnx'), '--data', at('rows.npz'), '--out', at('none')]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('missing.onnx is no file; give the path of a model')]);
  execFileSync(interpreterWith('onnx2tf'), [join(SAMPLES, 'onnx_models.py'), work]);

  const said = await done(run(program, ['convert', at('classifier.onnx'), '--data', at('rows.npz'), '--out', at('onnx')]));
  expect(said).toContain('probabilities: [4] for each row');
  expect(said).toMatch(/the answers of ONNX Runtime 1\.\d+\.\d+ to them, which a job compares with/);
  await done(optimize(at('onnx', 'model.tflite'), at('onnx', 'evaluation.npz'), at('onnx-out')));
  const { original } = outcome(at('onnx-out'));
  expect(original.reference.program).toMatch(/^ONNX Runtime /);
  expect(original.reference.outputs.probabilities.relativeError).toBeLessThan(1e-5);
  // Rows keep the layout of the file: channels before height and width.
  expect(JSON.parse(python('predict_rows.py', at('onnx-out'), at('onnx', 'evaluation.npz'), 'image', 'probabilities')))
    .toEqual({ shape: [1, 3, 12, 12], agreement: expect.closeTo(1, 1) });

  // A converter that exchanges two channels makes a model that runs, and decides otherwise.
  await done(run(program, ['convert', at('exchanged.onnx'), '--data', at('rows.npz'), '--out', at('exchanged')]));
  const wrong = await optimize(at('exchanged', 'model.tflite'), at('onnx', 'evaluation.npz'), at('wrong-out'));
  const sentence = /the model to optimize does not answer as ONNX Runtime \S+ did: agreement of\s+'probabilities' 0\.\d+/;
  expect([wrong.code, wrong.stdout + wrong.stderr]).toEqual([3, expect.stringMatching(sentence)]);
}, 900_000);

test('a function of JAX becomes a function\'s, and answers as JAX does', async () => {
  python('jax_rows.py', at('jax.npz'));
  const said = await done(run(program, ['convert', `${join(SAMPLES, 'jax_model.py')}:make`, '--data', at('jax.npz'), '--out', at('jax')]));
  expect(said).toContain('probabilities: [4] for each row');
  await done(optimize(at('jax', 'saved_model'), at('jax', 'evaluation.npz'), at('jax-out')));

  expect(outcome(at('jax-out')).original.reference.program).toMatch(/^JAX 0\.6\.2$/);
  expect(JSON.parse(python('predict_rows.py', at('jax-out'), at('jax', 'evaluation.npz'), 'features', 'probabilities')))
    .toEqual({ shape: [1, 8], agreement: expect.closeTo(1, 1) });
}, 900_000);
