import { spawnSync } from 'child_process';
import { readdirSync } from 'fs';
import { join, relative, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');

/** The commands of the runners. */
const commands = (() => {
  const program = `import { LONE_RUNNERS, RUNNERS, SLOW_RUNNERS } from ${JSON.stringify(join(ROOT, 'scripts', 'test', 'suites.mjs'))};
console.log(JSON.stringify(Object.fromEntries([...RUNNERS, ...SLOW_RUNNERS, ...LONE_RUNNERS].map(({ name, command }) => [name, command]))));`;
  return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout) as Record<string, string[]>;
})();

/** The test files that a command of jest runs. */
function filesOf([program, ...words]: string[]): string[] {
  const { stdout } = spawnSync(program, [...words.filter((word) => !/^--(json|outputFile)/.test(word)), '--listTests'], { cwd: ROOT, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.endsWith('.test.ts')).map((file) => relative(join(ROOT, 'test'), file)).sort();
}

const all = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !/^(nodes|packages)\/|^e2e\/service/.test(file)).sort();

describe('the slow tests', () => {
  test('of jest and those of npm test are all but those of a service', () => {
    const [quick, slow, endToEnd] = ['jest', 'jest-slow', 'e2e-all'].map((name) => filesOf(commands[name]));

    expect([...quick, ...slow, ...endToEnd].sort()).toEqual(all);
    expect(slow).toEqual(all.filter((file) => file.endsWith('.slow.test.ts')));
    expect(endToEnd).toEqual(all.filter((file) => file.startsWith('e2e/')));
    expect(filesOf(commands.e2e)).toEqual(['e2e/function.test.ts']);
  });

  test('of Python are those that npm test leaves out, in every directory that has some', () => {
    const selected = (slow: boolean) => Object.values(commands).filter(([, , program]) => program === 'pytest').flatMap((words) => {
      const marks = words.indexOf('-m', 3);
      return (words[marks + 1] !== 'not slow') === slow ? words.slice(3, marks) : [];
    });
    const [quick, slow] = [selected(false), selected(true)];
    const without = (paths: string[], directories: string[]) => paths.filter((path) => !directories.some((directory) => `${path}/`.startsWith(`${directory}/`)));
    const { stdout } = spawnSync('git', ['grep', '-l', 'pytest.mark.slow', '--', '*/test_*.py'], { cwd: ROOT, encoding: 'utf8' });
    const files = stdout.trim().split('\n');

    expect(without(slow, quick)).toEqual([]);
    expect(slow.filter((directory) => without(files, [directory]).length === files.length)).toEqual([]);
    expect(without(files, slow)).toEqual([]);
  });
});
