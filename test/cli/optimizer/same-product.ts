import { execFile } from 'child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { promisify } from 'util';
import type { OptimizationRecipe, QualityGate } from '../../../lib';
import { EvaluationData, ModelSource } from '../../../lib';
import { renderBuildSpec } from '../../../lib/optimization/build/buildspec';
import { jobOf, optimize } from '../../optimization/optimizer-fixtures';
import { openDirectory, PYTHON, ROOT, run } from './installed-package';

const MODEL = join(ROOT, 'examples', 'digits', 'saved_model');
const DATA = join(ROOT, 'examples', 'digits', 'evaluation.npz');

/** Decisions and files of a job, without what it measured, which may differ. */
export interface Product {
  readonly job: any;
  readonly model: Buffer;
  readonly golden: string;
  readonly runtime: string;
  readonly candidates: { name: string; status: string; sizeBytes?: number }[];
}

function productIn(out: string, job: string): Product {
  // A member that is null is as good as absent.
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'), (_, value) => value ?? undefined);
  return {
    job: json(job),
    model: readFileSync(join(out, 'model', 'model.tflite')),
    golden: readFileSync(join(out, 'golden.json'), 'utf8'),
    runtime: json(join(out, 'draft.json')).requirements.runtime,
    candidates: json(join(out, 'outcome.json')).candidates.map(({ name, status, metrics }: any) => ({ name, status, sizeBytes: metrics?.sizeBytes })),
  };
}

/** Optimizes the example by the installed command with these options. */
export async function byCommand(program: string, options: string[]): Promise<Product> {
  const directory = openDirectory('command-');
  const ended = await run(program, ['optimize', MODEL, '--data', DATA, '--name', 'digits', '--python', PYTHON, ...options], {}, directory);
  if (ended.code !== 0) {
    throw new Error(`${ended.code}: ${ended.stdout}${ended.stderr}`);
  }
  return productIn(join(directory, 'out'), join(directory, 'out', 'job.json'));
}

/** Optimizes the same by the commands of a deployment's build, with the job that the construct writes for the recipe. */
export async function byBuild(installed: string, recipe?: OptimizationRecipe, gate?: QualityGate): Promise<Product> {
  const directory = openDirectory('build-');
  const { template } = optimize({ model: ModelSource.fromAsset(MODEL), evaluation: EvaluationData.fromAsset(DATA), modelName: 'digits', recipe, gate });
  mkdirSync(join(directory, 'work', 'evaluation'), { recursive: true });
  writeFileSync(join(directory, 'work', 'job.json'), JSON.stringify(jobOf(template())));
  // Lay out the inputs as `fetch` does, and the interpreter as the install phase does.
  cpSync(MODEL, join(directory, 'work', 'source'), { recursive: true });
  cpSync(DATA, join(directory, 'work', 'evaluation', 'evaluation.npz'));
  symlinkSync(dirname(dirname(PYTHON)), join(directory, '.venv'));
  const { phases } = renderBuildSpec({ reportGroupArn: 'group' }) as { phases: { build: { commands: string[] } } };
  const command = phases.build.commands.find((text) => text.includes('tensorflow_optimizer run '))!;
  await promisify(execFile)('bash', ['-c', command], { cwd: directory, env: { ...process.env, CODEBUILD_SRC_DIR: installed }, maxBuffer: 1 << 26 });
  return productIn(join(directory, 'out'), join(directory, 'work', 'job.json'));
}
