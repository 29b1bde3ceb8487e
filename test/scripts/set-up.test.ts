import { spawnSync } from 'child_process';
import { join, resolve } from 'path';

const SCRIPTS = resolve(__dirname, '..', '..', 'scripts');

describe('the preflight', () => {
  const fine = { platform: 'linux', node: '20.0.0', python: 'python3.13' };
  const problemsOf = (machine: object): string[] => {
    const program = `import { problemsOf } from ${JSON.stringify(join(SCRIPTS, 'setup', 'preflight.mjs'))};
console.log(JSON.stringify(problemsOf(${JSON.stringify(machine)})));`;
    return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout) as string[];
  };

  test('finds nothing on Linux with Node.js 20 and a Python', () => {
    expect(problemsOf(fine)).toEqual([]);
    expect(problemsOf({ ...fine, node: '24.1.0' })).toEqual([]);
  });

  test.each<[string, object, RegExp]>([
    ['another system', { platform: 'darwin' }, /^this repository is developed and shown on Linux, and this is darwin: use .*WSL 2$/],
    ['an old Node.js', { node: '18.20.1' }, /^Node.js 20 or newer is needed, got 18.20.1: /],
    ['no Python', { python: undefined }, /^no Python 3.13, 3.12, 3.11 with venv and pip was found .*: install one \(Debian: /],
    ['no namespaces', { namespaces: 'the embedded AWS cannot make one' }, /^the embedded AWS cannot make one$/],
  ])('says in one sentence what is wrong with %s', (_, different, sentence) => {
    expect(problemsOf({ ...fine, ...different })).toEqual([expect.stringMatching(sentence)]);
  });

  test('says everything at once', () => {
    expect(problemsOf({ platform: 'win32', node: '16.0.0', namespaces: 'none' })).toHaveLength(4);
  });
});
