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
  return stdout.split('\n').filter((line) => line.endsWith('.test.ts')).map((file) => relative(ROOT, file)).sort();
}

const all = ['test', 'lab'].flatMap((room) => readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)))
  .filter((file) => file.endsWith('.test.ts') && !/^(test\/packages|lab\/nodes)\/|^lab\/e2e\/service|\/node_modules\//.test(file)).sort();

describe('the slow tests', () => {
  test('of jest and those of npm test are all but those of a service', () => {
    const [quick, slow, endToEnd] = ['jest', 'jest-slow', 'e2e-all'].map((name) => filesOf(commands[name]));

    expect([...quick, ...slow, ...endToEnd].sort()).toEqual(all);
    expect(slow).toEqual(all.filter((file) => file.endsWith('.slow.test.ts')));
    expect(endToEnd).toEqual(all.filter((file) => /^lab\/e2e\/[^/]+$/.test(file)));
    expect(filesOf(commands.e2e)).toEqual(['lab/e2e/function.test.ts']);
  });

  test('of Python are those that npm test leaves out, in every directory that has some', () => {
    const selected = (...wanted: string[]) => Object.values(commands).filter(([, , program]) => program === 'pytest').flatMap((words) => {
      const marks = words.indexOf('-m', 3);
      return wanted.includes(words[marks + 1]) ? words.slice(3, marks) : [];
    });
    const [quick, slow] = [selected('not slow'), selected('slow', 'slow or not slow')];
    const without = (paths: string[], directories: string[]) => paths.filter((path) => !directories.some((directory) => `${path}/`.startsWith(`${directory}/`)));
    const { stdout } = spawnSync('git', ['grep', '-l', 'pytest.mark.slow', '--', '*/test_*.py'], { cwd: ROOT, encoding: 'utf8' });
    const files = stdout.trim().split('\n');

    expect(without(slow, quick)).toEqual([]);
    expect(selected('slow').filter((directory) => without(files, [directory]).length === files.length)).toEqual([]);
    expect(without(files, slow)).toEqual([]);
  });
});
