import { spawnSync } from 'child_process';
import { resolve } from 'path';

const CHECKS = resolve(__dirname, '..', '..', '.ci', 'checks.sh');

/** Returns the output and exit code of .ci/checks.sh for a script of checks. */
function run(script: string, allMinutes = 1): { code: number | null; lines: string[] } {
  const { status, stdout } = spawnSync('bash', ['-uc', `ALL_MINUTES=${allMinutes}; source '${CHECKS}'\n${script}\nconclude`], { encoding: 'utf8' });
  return { code: status, lines: stdout.trim().split('\n') };
}

const last = ({ code, lines }: { code: number | null; lines: string[] }) => [lines[lines.length - 1], code];

describe('the checks of CI', () => {
  test('count a check\'s last count, or else the check itself', () => {
    expect(last(run("check one 1 bash -c 'echo 7 passed, 0 failed; echo 3 passed, 0 failed'\ncheck two 1 true"))).toEqual(['4 passed, 0 failed', 0]);
  });

  test.each([
    ['fails', 'false', '0 passed, 1 failed'],
    ['counts a failure', "bash -c 'echo 2 passed, 1 failed; exit 1'", '2 passed, 1 failed'],
    ['dies after it counted', "bash -c 'echo 2 passed, 0 failed; exit 1'", '2 passed, 1 failed'],
  ])('fail, and name the check, when one %s', (_, command, tally) => {
    const result = run(`check good 1 echo\ncheck 'the bad one' 1 ${command}`);
    expect(last(result)).toEqual([`${Number(tally[0]) + 1}${tally.slice(1)}`, 1]);
    expect(result.lines).toContain('failed: the bad one');
  });

  test('end a hanging check and its children when the total time is over, and continue', () => {
    const result = run("check 'hangs' 1 bash -c 'sleep 1000 & echo started $!; wait'\ncheck next 1 echo 'was run'", 0);
    expect(last(result)).toEqual(['1 passed, 1 failed', 1]);
    expect(result.lines).toContain('hangs: ended, because it had not come to its end in its time');
    expect(result.lines).toContain('was run');
    const [sleeper] = result.lines.flatMap((line) => /^started (\d+)$/.exec(line)?.slice(1) ?? []);
    expect(spawnSync('ps', ['-o', 'state=', '-p', sleeper], { encoding: 'utf8' }).stdout.trim()).toMatch(/^[ZX]?$/);
  });

  test('run a check in parallel with others, and print it separately', () => {
    const { lines } = run("start slow 1 bash -c 'echo slow begins; sleep 0.5; echo slow ends'\ncheck quick 1 echo quick\nfinish slow");
    expect(lines.filter(Boolean)).toEqual([
      '===== quick =====', 'quick', '===== slow =====', 'slow begins', 'slow ends',
      'ended, after the start of all:', expect.stringMatching(/^ +\d+ s {2}quick$/), expect.stringMatching(/^ +\d+ s {2}slow$/), '2 passed, 0 failed',
    ]);
  });
});
