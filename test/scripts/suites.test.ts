import { spawnSync } from 'child_process';
import { readdirSync } from 'fs';
import { basename, join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');

/** Returns the commands of the runners, and the end-to-end tests that are slow. */
function suites(): { commands: Record<string, string[]>; slow: string[] } {
  const program = `import { RUNNERS, SLOW_END_TO_END as slow, SLOW_RUNNERS } from ${JSON.stringify(join(ROOT, 'scripts', 'test', 'suites.mjs'))};
const commands = Object.fromEntries([...RUNNERS, ...SLOW_RUNNERS].map(({ name, command }) => [name, command]));
console.log(JSON.stringify({ commands, slow }));`;
  return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout) as ReturnType<typeof suites>;
}

/** The names of the test files that a command of jest runs. */
function filesOf([program, ...words]: string[]): string[] {
  const { stdout } = spawnSync(program, [...words.filter((word) => !/^--(json|outputFile)/.test(word)), '--listTests'], { cwd: ROOT, encoding: 'utf8' });
  return stdout.trim().split('\n').map((file) => basename(file, '.test.ts')).sort();
}

const { commands, slow } = suites();

describe('the slow tests', () => {
  test('are all end-to-end tests but those of a service, of which npm test leaves out exactly the slow ones', () => {
    const all = readdirSync(join(ROOT, 'test', 'e2e')).filter((file) => file.endsWith('.test.ts')).map((file) => basename(file, '.test.ts'));
    const withoutServices = all.filter((file) => !file.startsWith('service')).sort();

    expect(filesOf(commands['e2e-all'])).toEqual(withoutServices);
    expect(filesOf(commands.e2e)).toEqual(withoutServices.filter((file) => !slow.includes(file)));
    expect(withoutServices).toEqual(expect.arrayContaining(slow));
  });

  test('of Python are those that npm test leaves out, in every directory that has some', () => {
    const selected = (wanted: string) => Object.values(commands).filter(([, , program]) => program === 'pytest').flatMap((words) => {
      const [directories, [, marks]] = [words.slice(3, words.indexOf('-m', 3)), words.slice(words.indexOf('-m', 3))];
      return marks === wanted ? directories : [];
    });
    const { stdout } = spawnSync('git', ['grep', '-l', 'pytest.mark.slow', '--', '*/test_*.py'], { cwd: ROOT, encoding: 'utf8' });
    const files = stdout.trim().split('\n');

    expect(selected('not slow')).toEqual(expect.arrayContaining(selected('slow')));
    expect(selected('slow').filter((directory) => !files.some((file) => file.startsWith(`${directory}/`)))).toEqual([]);
    expect(files.filter((file) => !selected('slow').some((directory) => file.startsWith(`${directory}/`)))).toEqual([]);
  });
});
