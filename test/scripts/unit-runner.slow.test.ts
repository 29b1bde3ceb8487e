import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'unit-runner-'));

afterAll(() => rmSync(directory, { recursive: true }));

test('a process of the unit tests that starts later than the other gets its data', () => {
  const loader = join(directory, 'late.mjs');
  writeFileSync(loader, "if (process.env.TINYPOOL_WORKER_ID === '2') { await new Promise((done) => setTimeout(done, 3000)); }");
  const args = ['jest', '--selectProjects', 'unit', '--', 'test/scripts/(node-versions|faults)'];
  const { status, stdout } = spawnSync('npx', args, {
    cwd: ROOT, encoding: 'utf8', timeout: 120_000, env: { ...process.env, TINYPOOL_WORKER_ID: '', NODE_OPTIONS: `--import=${loader}` },
  });

  expect({ status, tally: stdout.trim().split('\n').at(-1) }).toEqual({ status: 0, tally: expect.stringMatching(/^[1-9]\d* passed, 0 failed$/) });
});
