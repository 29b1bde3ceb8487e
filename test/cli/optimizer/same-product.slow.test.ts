import { rmSync } from 'fs';
import { join } from 'path';
import { Distillation, OptimizationRecipe, QualityGate, Quantization, SearchObjective, Student, StudentSize } from '../../../lib';
import { installPackage, openDirectory } from './installed-package';
import { byBuild, byCommand } from './same-product';

let work: string;
let program: string;

beforeAll(() => {
  work = openDirectory('installed-');
  program = installPackage(work);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

test.each<[string, string[], OptimizationRecipe]>([
  ['full integer quantization', ['--step', 'full-integer'], OptimizationRecipe.of(Quantization.fullInteger())],
  ['distillation', ['--step', 'distillation:size=small,epochs=2', '--max-accuracy-loss', '0.9'], OptimizationRecipe.of(
    Distillation.into(Student.ofSize(StudentSize.SMALL), { epochs: 2 }),
  )],
  ['a search', ['--search', '--max-trials', '4'], OptimizationRecipe.search({ objective: SearchObjective.SIZE, maxTrials: 4 })],
])('%s makes the same model and the same decisions by the command and by the build', async (name, options, recipe) => {
  const gate = name === 'distillation' ? QualityGate.maxAccuracyLoss(0.9) : undefined;
  const command = await byCommand(program, options);
  const build = await byBuild(join(work, 'node_modules', 'cdk-tensorflow'), recipe, gate);

  expect(command.model.equals(build.model)).toBe(true);
  expect(command.candidates).toEqual(build.candidates);
});
