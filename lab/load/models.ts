import { execFile } from 'child_process';
import { join } from 'path';
import { promisify } from 'util';
import { ROOT } from '../../scripts/repository';
import { DIGITS } from '../demo/digits';
import type { DemoRun } from '../demo/run';
import type { StackOutputs } from '../demo/stack-outputs';
import type { Reference } from './answers';

const PYTHON = join(ROOT, '.tools', 'python', 'bin', 'python');

/** Trains another model with the inputs and outputs of the digits example, and returns its directory. */
export async function otherModel({ work }: DemoRun): Promise<string> {
  const model = join(work, 'other');
  await promisify(execFile)(PYTHON, [join(__dirname, 'make_model.py'), model]);
  return model;
}

/** Returns the answers to each held-out digit by the model that a stack has published. */
export async function referenceOf(run: DemoRun, { ArtifactBucket, ManifestKey }: StackOutputs, name: string): Promise<Reference> {
  const file = join(run.work, `${name}.tflite`);
  await run.download(ArtifactBucket, ManifestKey.replace(/manifest\.json$/, 'model.tflite'), file);
  const { stdout } = await promisify(execFile)(PYTHON, [join(__dirname, 'reference.py'), file, join(DIGITS, 'held_out.json')]);
  return JSON.parse(stdout) as Reference;
}
