import { spawnSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const RUNNER = resolve(__dirname, '..', '..', 'scripts', 'checks', 'run.mjs');
const logs = mkdtempSync(join(tmpdir(), 'checks-'));

afterAll(() => rmSync(logs, { recursive: true }));

const program = (call: string) => ['--input-type=module', '-e', `import { conclude, runChecks, runInLanes } from ${JSON.stringify(RUNNER)};
process.exitCode = conclude(await ${call});`];

/** Runs checks. Returns the lines without the times, and the exit code. */
function run(call: string): { code: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, program(call), { encoding: 'utf8' });
  expect(stderr).toBe('');
  return { code: status, lines: stdout.trim().split('\n').map((line) => line.replace(/\(\d+ s, \d+ s of processor time\)/, '(times)')) };
}

const checks = (commands: Record<string, string>, more = '') => `runChecks([${
  Object.entries(commands).map(([name, script]) => `{ name: '${name}', command: ['bash', '-c', ${JSON.stringify(script)}]${more} }`).join()}], { atOnce: 1, logs: '${logs}' })`;
const last = ({ code, lines }: ReturnType<typeof run>) => [lines.at(-1), code];
const stateOf = (pid: string) => spawnSync('ps', ['-o', 'state=', '-p', pid], { encoding: 'utf8' }).stdout.trim();

describe('checks', () => {
  test('count by their last count, or else as themselves', () => {
    expect(last(run(checks({ counts: 'echo 7 passed, 0 failed; echo 3 passed, 0 failed', plain: 'true' })))).toEqual(['4 passed, 0 failed', 0]);
  });

  test.each([
    ['fails', 'echo reason; false', '0 passed, 1 failed'],
    ['counts a failure', 'echo 2 passed, 1 failed; exit 1', '2 passed, 1 failed'],
    ['dies after it counted', 'echo 2 passed, 0 failed; kill -9 $$', '2 passed, 1 failed'],
    ['finds no test', 'echo 0 passed, 0 failed', '0 passed, 1 failed'],
    ['is no program', 'exec /no/such/program', '0 passed, 1 failed'],
  ])('fail, and name the check, when a check %s', (_, script, tally) => {
    const result = run(checks({ bad: script, good: 'echo 1 passed, 0 failed' }));

    expect(result.lines).toContain(`✗ bad: ${tally} (times)`);
    expect(last(result)).toEqual([`${Number(tally[0]) + 1}${tally.slice(1)}`, 1]);
  });

  test('may count themselves, and fail when that is impossible', () => {
    expect(last(run(checks({ counted: 'true' }, ", count: () => ({ passed: 5, failed: 0, skipped: ['a'] })")))).toEqual(['5 passed, 0 failed', 0]);
    expect(last(run(checks({ counted: 'true' }, ', count: () => { throw new Error(); }')))).toEqual(['0 passed, 1 failed', 1]);
  });

  test('that hang are ended with their children, and the next runs', () => {
    const call = checks({ hangs: 'sleep 1000 & echo started $!; wait' }, ', minutes: 0.1');
    const result = run(call.replace(/\}\]/, "}, { name: 'next', command: ['true'] }]"));

    expect(result.lines).toContain('✗ hangs: 0 passed, 1 failed (times): ended, because it had not come to its end in its time');
    expect(last(result)).toEqual(['1 passed, 1 failed', 1]);
    const [, sleeper] = /^started (\d+)$/m.exec(readFileSync(join(logs, 'hangs.log'), 'utf8'))!;
    expect(stateOf(sleeper)).toMatch(/^[ZX]?$/);
  });
});

describe('checks in lanes', () => {
  test('show the output of those that fail only', () => {
    const { code, lines } = run("runInLanes([['good', 'sh', ['-c', 'echo nothing']], ['bad', 'sh', ['-c', 'echo reason; exit 3']]])");

    expect({ code, said: lines.slice(0, 3) }).toEqual({ code: 1, said: ['✓ good: 1 passed, 0 failed (times)', '✗ bad: 0 passed, 1 failed (times)', 'reason'] });
  });
});
