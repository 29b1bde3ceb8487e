import { spawnSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');

/** Returns the rows of the list that `npm run faults` writes. */
function listed(): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'faults-'));
  try {
    const page = join(directory, 'faults.md');
    const { status, stdout, stderr } = spawnSync(join(ROOT, '.tools', 'python', 'bin', 'python'), ['test/reliability/faults.py', page], { cwd: ROOT, encoding: 'utf8' });
    expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
    return readFileSync(page, 'utf8').match(/^\| .+ \| \[[\w.-]+\]\([\w./-]+\) \|$/gm) ?? [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('every fault of a test says what you see and what serves, once, and there are at least two hundred', () => {
  const rows = listed();
  expect(new Set(rows).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThanOrEqual(200);
});
