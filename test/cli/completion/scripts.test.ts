import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { completedCommands } from '../../../cli/completion/command';
import { parseCompletionOptions, SHELLS } from '../../../cli/completion/options';
import { completionScript } from '../../../cli/completion/scripts';
import { parseDeliveryOptions } from '../../../cli/delivery/options';
import OPTIMIZER from '../../../cli/optimizer/commands.json';
import { SUMMARIES } from '../../../cli/summaries';

const COMMANDS = completedCommands();

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;

describe('completion in bash', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'completion-'));
    writeFileSync(join(directory, 'my model.tflite'), '');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const completed = (...words: string[]) => {
    const program = `${completionScript('bash', COMMANDS)}
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_cdk_tensorflow
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', 'cdk-tensorflow', ...words], { encoding: 'utf8', cwd: directory });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.split('\n').filter((line) => line !== '');
  };

  it('offers every command, and those that begin alike', () => {
    expect(completed('')).toEqual([...Object.keys(OPTIMIZER), ...Object.keys(SUMMARIES), '--help', '--version']);
    expect(completed('pre')).toEqual(['predict', 'preflight']);
  });

  it('offers the options of the command, as its arguments are parsed', () => {
    expect(completed('inspect', '--')).toEqual([...Object.keys(OPTIMIZER.inspect.options), 'python'].map((name) => `--${name}`));
    expect(completed('delivery', 'status', '--s')).toEqual(['--stack', '--state-machine']);
    for (const option of completed('delivery', 'status', '--')) {
      expect(() => parseDeliveryOptions(['status', option, 'x'])).not.toThrow(/Unknown option/);
    }
  });

  it('offers words where a command takes one, and files elsewhere, with blanks in their names', () => {
    expect(completed('delivery', 'ro')).toEqual(['rollback']);
    expect(completed('completion', '')).toEqual([...SHELLS]);
    expect(completed('inspect', 'my')).toEqual(['my model.tflite']);
  });

  it('offers nothing for what begins like nothing', () => {
    expect(completed('inspect', '--no-such')).toEqual([]);
    expect(completed('nothing', '--')).toEqual([]);
  });
});

describe('completion in other shells', () => {
  it.each(['zsh', 'fish'] as const)('%s gets every command and option', (shell) => {
    const script = completionScript(shell, COMMANDS);
    for (const [name, { options }] of Object.entries(COMMANDS)) {
      expect(script).toContain(name);
      for (const option of Object.keys(options)) {
        expect(script).toMatch(new RegExp(`(--|-l )${option}\\b`));
      }
    }
    if (isInstalled(shell)) {
      const { status, stderr } = spawnSync(shell, ['-n', '/dev/stdin'], { input: script, encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    }
  });

  it('quotes sentences that have quotes', () => {
    const commands = { it: { summary: 'a model\'s \\ files', options: {} } };
    expect(completionScript('zsh', commands)).toContain('\'it:a model\'\\\'\'s \\ files\'');
    expect(completionScript('fish', commands)).toContain('-d \'a model\\\'s \\\\ files\'');
  });
});

it('has the options of the optimizer\'s commands, which their help names', () => {
  for (const [name, { help, options }] of Object.entries(OPTIMIZER)) {
    for (const option of Object.keys(options)) {
      expect({ name, has: help.includes(`--${option}`) }).toEqual({ name, has: true });
    }
  }
});

it.each([
  [[], 'got none'],
  [['tcsh'], 'got "tcsh"'],
  [['bash', 'zsh'], 'got "bash", "zsh"'],
])('refuses %j and names the shells', (args, got) => {
  expect(() => parseCompletionOptions(args)).toThrow(`name one shell, bash, zsh, fish; ${got}`);
});
