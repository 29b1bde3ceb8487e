import { spawn, spawnSync } from 'child_process';
import { join } from 'path';
import { startProxy } from '../../cli/open/proxy';
import { ROOT } from '../../scripts/repository';
import type { DemoOptions } from './options';
import type { DemoServer } from './server';

/** Rows of the data that the deployed model is asked about. */
const ROWS = 3;
const PYTHON = join(ROOT, '.tools', 'python', 'bin', 'python');

/** The user's own model with evaluation data, and where the names of its classes are. */
export type OwnModel = Pick<DemoOptions, 'model' | 'data' | 'inputShapes' | 'labels'>;

/** Returns the commands that look at a model before anything is deployed: `inspect`, and `check` where there is data. */
export function inspections({ model, data, inputShapes, labels }: OwnModel): string[][] {
  const shapes = Object.entries(inputShapes).flatMap(([name, shape]) => ['--input-shape', `${name}=${shape.join(',')}`]);
  return model === undefined ? [] : [
    ['inspect', model],
    ...data === undefined ? [] : [['check', model, data, ...shapes, ...labelled(labels)]],
  ];
}

/** Runs the program that makes an example, and returns the last line that it prints. */
export function makeExample(program: string): string {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, [program], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`the example was not made:\n${error?.message ?? stderr.trim().split('\n').slice(-5).join('\n')}`);
  }
  return stdout.trim().split('\n').at(-1)!;
}

/** Looks at a model as `npx cdk-tensorflow inspect` and `check` do, and returns what they print. Throws if the model or its data cannot be used. */
export function inspectOwn(options: OwnModel): string {
  return inspections(options).map((words) => {
    const { status, stdout, stderr, error } = spawnSync(PYTHON, ['-m', 'tensorflow_optimizer', ...words], { encoding: 'utf8', env: environment() });
    if (status !== 0) {
      throw new Error(`nothing is deployed, because of the model or its data:\n${stdout}${error?.message ?? stderr}`.trimEnd());
    }
    return stdout;
  }).join('');
}

/** Asks a deployed model about the first rows of its data, as `npx cdk-tensorflow predict` does. Returns the table. Throws unless it is answered. */
export async function predictRows({ address: { endpoint, instead } }: Pick<DemoServer, 'address'>, model: string, data: string, labels?: string): Promise<string> {
  const proxy = await startProxy({ ...endpoint, model }, { page: '' }, instead);
  try {
    const address = `${proxy.address}v1/models/${model}`;
    // The proxy answers in this process, so that the command may not block it.
    const child = spawn(PYTHON, ['-m', 'tensorflow_optimizer', 'predict', address, data, '--limit', String(ROWS), ...labelled(labels)], { env: environment() });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) {
      throw new Error(`the model does not answer rows of its data: ${errors.trim()}`);
    }
    // The next command would ask an address that ends with this function.
    return output.replace(/^next: .*\n/m, '');
  } finally {
    await proxy.close();
  }
}

const labelled = (file?: string) => (file === undefined ? [] : ['--labels', file]);

const environment = () => ({
  ...process.env, PYTHONPATH: ['optimizer/src', 'runtime/shared/src'].map((room) => join(ROOT, room)).join(':'), COLUMNS: '100',
});
