import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');

test('docs/faults.md has a row for each fault that a test injects, and no other', () => {
  const { status, stdout, stderr } = spawnSync(join(ROOT, '.tools', 'python', 'bin', 'python'), ['test/reliability/faults.py', '--check'], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: '' });
});

test('at least fifty faults are injected', () => {
  const rows = readFileSync(join(ROOT, 'docs', 'faults.md'), 'utf8').match(/^\| .+ \| \[[\w.-]+\]\(\.\.\/[\w./-]+\) \|$/gm) ?? [];
  expect(new Set(rows).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThanOrEqual(50);
});
