import { spawnSync } from 'child_process';
import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { writeStandInServer } from '../stand_ins/serving-program';
import { Deployment, ROOT } from './deployment';
import { accuracy, byGrpc, HELD_OUT, likeliest } from './digits';
import { blocks, SECTIONS } from './ported';

const IMAGES = HELD_OUT.map(({ image }) => image);
/** Allowed change of a probability by `forLiteRt()`. */
const TOLERANCE = 0.05;

let deployment: Deployment;
let context: Record<string, string>;

/** The answers of the handler that the page ports. */
function oldAnswers(events: object[]): { prediction: number[][] }[] {
  const [source] = blocks(SECTIONS.function, 'python');
  const python = join(ROOT, '.tools', 'python', 'bin', 'python');
  const { stdout, stderr, status } = spawnSync(python, [join(__dirname, 'old_handler.py'), deployment.file('porting/models/digits.keras')], {
    input: JSON.stringify({ source, events }), encoding: 'utf8', maxBuffer: 1 << 26,
  });
  if (status !== 0) {
    throw new Error(`the handler of docs/porting.md ended with ${status}: ${stderr}`);
  }
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

function expectClose(answer: unknown, expected: { prediction: number[][] }): void {
  const { prediction } = answer as { prediction: number[][] };
  expect(Object.keys(answer as object)).toEqual(['prediction']);
  expect(prediction.map((row) => row.length)).toEqual(expected.prediction.map((row) => row.length));
  const differences = expected.prediction.flatMap((row, index) => row.map((value, column) => Math.abs(value - prediction[index][column])));
  expect(Math.max(...differences)).toBeLessThan(TOLERANCE);
}

async function deploy(stack: string, more: Record<string, string> = {}): Promise<Record<string, string>> {
  const { code, output } = await deployment.deploy(stack, { ...context, ...more });
  expect({ code, output: code === 0 ? '' : `${output}\n${deployment.emulator.log().slice(-5000)}` }).toEqual({ code: 0, output: '' });
  return deployment.outputs(stack) as unknown as Record<string, string>;
}

beforeAll(async () => {
  deployment = await Deployment.start('lab/e2e/porting-app.ts');
  const directory = deployment.file('porting');
  context = { directory, server: writeStandInServer(directory) };
});

afterAll(() => deployment?.stop());

describe('the function of docs/porting.md, by the page\'s own code', () => {
  const image = IMAGES[0];

  test('answers {"data": an image} as the handler that it replaces answers a batch of it', async () => {
    await deploy('Function');

    expectClose(await deployment.invoke(deployment.outputs('Function'), { data: image }), oldAnswers([{ data: [image] }])[0]);
  });

  test('with the page\'s hook, answers batches as the handler did', async () => {
    const hook = deployment.file('porting/hook');
    mkdirSync(hook);
    writeFileSync(join(hook, 'hook.py'), blocks(SECTIONS.function, 'python')[1]);
    await deploy('Function', { hook });

    const event = { data: IMAGES.slice(0, 3) };
    const answer = await deployment.invoke(deployment.outputs('Function'), event);
    expectClose(answer, oldAnswers([event])[0]);
  });
});

// Instances of the embedded AWS need root.
(process.getuid?.() === 0 ? describe : describe.skip)('the fleet of docs/porting.md, by the page\'s own code', () => {
  test('serves mymodel by gRPC at port 8500, and by REST at port 8501', async () => {
    const { LoadBalancer } = await deploy('Fleet');

    const decided = await byGrpc(await deployment.emulator.connect(LoadBalancer, 8500), 'mymodel', (decide) => Promise.all(IMAGES.map(decide)));
    expect(accuracy(decided)).toBeGreaterThan(0.95);
    const response = await fetch(`http://${await deployment.emulator.connect(LoadBalancer, 8501)}/v1/models/mymodel:predict`, {
      method: 'POST', body: JSON.stringify({ instances: IMAGES }),
    });
    const { predictions } = await response.json() as { predictions: number[][] };
    expect(predictions.map(likeliest)).toEqual(decided);
  });
});
