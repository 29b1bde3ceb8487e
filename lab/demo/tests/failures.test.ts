import { spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { deploymentProblem } from '../deployment-problem';
import { parseOptions } from '../options';
import { withReport } from '../report';

const ROOT = resolve(__dirname, '..', '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'demo-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('options', () => {
  test('that are wrong are reported before the set-up, in sentences without a stack trace', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/setup/typescript.mjs', 'lab/demo/main.ts', '--path', 'lambda', '--input-shape', 'x'], {
      cwd: ROOT, encoding: 'utf8',
      // The set-up is not reached: without any Python it would fail itself.
      env: { ...process.env, PATH: '/nowhere', HOME: directory, PYENV_ROOT: directory },
    });
    expect(status).toBe(2);
    expect(stderr.trim().split('\n')).toEqual([
      '--path must be one of function, service, fleet, all, got "lambda"',
      '--input-shape must be NAME=N,N,… with whole numbers above 0, or -1 first for the batch, got "x"',
      '--help names the options',
    ]);
  });

  test('name models only', () => {
    const [empty, text] = [join(directory, 'empty'), join(directory, 'notes.txt')];
    mkdirSync(empty);
    writeFileSync(text, 'no model');
    expect(() => parseOptions(['--model', empty])).toThrow(/--model must be a SavedModel directory, or a .keras, .h5, .hdf5, .tflite file; .*empty" is a directory without saved_model.pb/);
    expect(() => parseOptions(['--model', text])).toThrow(/--model must be a SavedModel directory, .* got ".*notes.txt"/);
  });
});

describe('a deployment that fails', () => {
  test('at synthesis ends with the app\'s own error, without the text that Node.js prints around it', () => {
    const output = [
      'node:internal/modules/run_main:123', '    triggerUncaughtException(', '    ^', '', '«InvalidModelFunctionProps» 2 problems:', '  - my.keras is no Keras file', '  - inputShapes names no input', '    at failIfAny (/clone/lib/private/errors.ts:20:9)',
      '    at new ModelFunction (/clone/lib/function/model-function.ts:80:5)', 'Relates to construct:', '    <.> (aws-cdk-lib.App)', '', 'Node.js v20.20.2', '', 'Subprocess exited with error 1',
    ].join('\n');
    expect(deploymentProblem(1, output)).toBe('2 problems:\n  - my.keras is no Keras file\n  - inputShapes names no input');
  });

  test('later prints everything', () => {
    expect(deploymentProblem(1, 'Error: the stack is in ROLLBACK_COMPLETE\n    at x')).toBe('cdk deploy failed (1):\nError: the stack is in ROLLBACK_COMPLETE\n    at x');
  });

  const message = 'the gate refused every candidate: see s3://bucket/digits-1/builds/b:1/report.html for the reasons';

  test('leaves a copy of the report that it names', async () => {
    const read = (bucket: string, key: string) => Promise.resolve(`${bucket} ${key}`);
    const said = await withReport(read, 'fleet', message, directory);
    expect(said).toMatch(/^the gate refused every candidate: .*\nThe report is in .*report-fleet\.html$/);
    expect(readFileSync(join(directory, 'report-fleet.html'), 'utf8')).toBe('bucket digits-1/builds/b:1/report.html');
  });

  test('is printed unchanged if it names no report, or the report cannot be read', async () => {
    const gone = () => Promise.reject(new Error('no such key'));
    await expect(withReport(gone, 'function', 'the model does not fit', directory)).resolves.toBe('the model does not fit');
    await expect(withReport(gone, 'function', message, directory)).resolves.toBe(`${message}\nThe report could not be copied: no such key`);
  });
});
