import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const CHECKS = resolve(__dirname, '..', '..', 'scripts', 'setup', 'checks.mjs');

/** Runs checks as `npm run lint` does. Returns the lines, without the seconds, and the exit code. */
function run(checks: [title: string, command: string, args: string[]][]): { code: number | null; lines: string[] } {
  const program = `import { runChecks } from ${JSON.stringify(CHECKS)};\nprocess.exit(await runChecks(${JSON.stringify(checks)}));`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return { code: status, lines: stdout.trim().split('\n').map((line) => line.replace(/ \(\d+ s\)$/, '')) };
}

describe('static checks', () => {
  test('all run, and those that fail are shown with their output', () => {
    const { code, lines } = run([
      ['bad', 'sh', ['-c', 'echo reason; exit 3']],
      ['good', 'sh', ['-c', 'echo nothing']],
      ['bad too', 'sh', ['-c', 'echo cause >&2; exit 4']],
    ]);
    expect({ code, lines }).toEqual({ code: 1, lines: ['✗ bad', 'reason', '✓ good', '✗ bad too', 'cause', '1 passed, 2 failed'] });
  });

  test('succeed when each does', () => {
    expect(run([['good', 'true', []]])).toEqual({ code: 0, lines: ['✓ good', '1 passed, 0 failed'] });
  });

  test('fail once where a command is missing', () => {
    const { code, lines } = run([['missing', 'no-such-command', []]]);
    expect({ code, lines }).toEqual({ code: 1, lines: ['✗ missing', 'spawn no-such-command ENOENT', '0 passed, 1 failed'] });
  });

  test('of one command run one after another, beside those of others', () => {
    const directory = mkdtempSync(join(tmpdir(), 'checks-'));
    try {
      const meet = (mine: string, other: string) => `touch ${directory}/${mine}; until [ -e ${directory}/${other} ]; do sleep 0.01; done`;
      const alone = `mkdir ${directory}/running && sleep 0.2 && rmdir ${directory}/running`;
      const { code, lines } = run([
        ['sh alone', 'sh', ['-c', alone]],
        ['sh alone again', 'sh', ['-c', alone]],
        ['sh beside bash', 'sh', ['-c', meet('sh', 'bash')]],
        ['bash beside sh', 'bash', ['-c', meet('bash', 'sh')]],
      ]);
      expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: '4 passed, 0 failed' });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
