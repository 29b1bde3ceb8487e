import { rmSync } from 'fs';
import { join } from 'path';
import { installPackage, openDirectory } from './installed-package';
import { byBuild, byCommand } from './same-product';

let work: string;
let program: string;

beforeAll(() => {
  work = openDirectory('installed-');
  program = installPackage(work);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

test('the command of the installed package publishes what a deployment with default properties does, byte for byte, proved in the native program', async () => {
  const command = await byCommand(program, []);
  const build = await byBuild(join(work, 'node_modules', 'cdk-tensorflow'));

  expect(command.model.equals(build.model)).toBe(true);
  expect(command.golden).toBe(build.golden);
  expect(command.candidates).toEqual(build.candidates);
  expect([command.runtime, build.runtime]).toEqual(['native', 'native']);
  // Where the inputs are, and how they are identified, differs. The construct leaves out what is 10 by default, for SavedModels.
  const { source, evaluation, ...decided } = command.job;
  expect({ ...build.job, source: undefined, evaluation: undefined, warmupRecords: 10 }).toEqual(decided);
  expect([source.tags, source.stateful, evaluation.fileName]).toEqual([build.job.source.tags, build.job.source.stateful, 'evaluation.npz']);
});
