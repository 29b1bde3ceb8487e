import { execFileSync } from 'child_process';
import { readFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const PYTHON = join(ROOT, '.tools', 'python', 'bin', 'python');
const MARK = /^ *(?:@pytest\.mark\.fault|\/\/ Injects a fault\.)$/gm;

test('every test that is marked as one that injects a fault is listed, and there are at least two hundred', () => {
  const tests = execFileSync('git', ['ls-files', '*test_*.py', '*.test.ts'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  const marked = tests.flatMap((file) => readFileSync(join(ROOT, file), 'utf8').match(MARK) ?? []).length;
  const output = execFileSync(PYTHON, ['test/reliability/faults.py', join(tmpdir(), 'faults.md')], { cwd: ROOT, encoding: 'utf8' });

  expect(output).toContain(`: ${marked} tests`);
  expect(marked).toBeGreaterThanOrEqual(200);
});
