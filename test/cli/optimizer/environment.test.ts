import { spawn } from 'child_process';
import { once } from 'events';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { join } from 'path';
import { setTimeout } from 'timers/promises';
import { openDirectory, packageWith, PYTHON, run, WITHOUT_NETWORK } from './installed-package';

/** Prints its interpreter, its arguments and where it finds modules; with `end` it ends with the number after it, with `wait` when it is told. */
const MAIN = `import json, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("told to end", flush=True), sys.exit(7)))
print(json.dumps({"prefix": sys.prefix, "arguments": sys.argv[1:], "path": sys.path, "version": sys.version_info[:2]}), flush=True)
if "end" in sys.argv:
    sys.exit(int(sys.argv[sys.argv.index("end") + 1]))
if "wait" in sys.argv:
    signal.pause()
if "killed" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
`;

let work: string;
let program: string;
let cache: string;
let environment: NodeJS.ProcessEnv;

beforeAll(() => {
  work = openDirectory('environment-');
  program = packageWith(join(work, 'package'), MAIN);
});

beforeEach(() => {
  cache = openDirectory('cache-');
  environment = { XDG_CACHE_HOME: cache, ...WITHOUT_NETWORK };
});

afterEach(() => rmSync(cache, { recursive: true, force: true }));

afterAll(() => rmSync(work, { recursive: true, force: true }));

const home = () => join(cache, 'cdk-tensorflow', 'optimizer');
const named = (start: string) => (existsSync(home()) ? readdirSync(home()) : []).filter((name) => name.startsWith(start));
const environments = () => named('python3.');
const unfinished = () => named('unfinished-');

describe('the environment', () => {
  test('is made once: its place and size are said before, and nothing the second time', async () => {
    const first = await run(program, ['inspect', 'model', '--tag', 'a b'], environment);

    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/^The optimizer needs TensorFlow, LiteRT and other packages, about 2 GB\. They are installed once/);
    const [name] = environments();
    expect(first.stderr).toContain(`\n  ${join(home(), name)}\n`);
    const { prefix, arguments: given, path, version } = JSON.parse(first.stdout);
    expect([prefix, given]).toEqual([join(home(), name), ['inspect', 'model', '--tag', 'a b']]);
    expect(name).toMatch(new RegExp(`^python${version.join('.')}-[0-9a-f]{16}-${process.platform}-${process.arch}$`));
    expect(path.slice(0, 2)).toEqual([join(work, 'package', 'optimizer', 'src'), join(work, 'package', 'runtime', 'shared', 'src')]);
    expect(existsSync(join(home(), name, 'bin', 'uv'))).toBe(true);

    // Nothing can be installed now, and nothing is.
    expect(await run(program, ['inspect', 'model', '--tag', 'a b'], { ...environment, PIP_FIND_LINKS: '/nowhere', UV_FIND_LINKS: '/nowhere' }))
      .toEqual({ code: 0, stdout: first.stdout, stderr: '' });
  });

  // Injects a fault.
  test('is never taken for whole after a set-up that was killed', async () => {
    const killed = spawn(process.execPath, [program, 'inspect'], { env: { ...process.env, ...environment }, stdio: 'ignore', detached: true });
    const ended = once(killed, 'close');
    while (!unfinished().some((name) => existsSync(join(home(), name, 'pyvenv.cfg')))) {
      await setTimeout(1);
    }
    process.kill(-killed.pid!, 'SIGKILL');
    await ended;
    expect([unfinished().length, environments()]).toEqual([1, []]);

    const again = await run(program, ['inspect'], environment);

    expect(again.stderr).toMatch(/^The optimizer needs/);
    expect([again.code, unfinished(), environments().length]).toEqual([0, [], 1]);
  });

  test('is made by one of two that start at once: the other waits, and both run', async () => {
    const both = await Promise.all(['one', 'two'].map((name) => run(program, ['inspect', name], environment)));

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(({ stdout }) => JSON.parse(stdout).arguments)).toEqual([['inspect', 'one'], ['inspect', 'two']]);
    expect(both.filter(({ stderr }) => stderr.includes('The optimizer needs'))).toHaveLength(1);
    expect(environments()).toHaveLength(1);
  });

  // Injects a fault.
  test('is not left behind by packages that cannot be installed', async () => {
    const { code, stdout, stderr } = await run(program, ['inspect'], { ...environment, UV_FIND_LINKS: cache });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('the optimizer\'s packages cannot be installed: see above, and UV_DEFAULT_INDEX names another index');
    expect(environments()).toEqual([]);
    expect(unfinished()).toEqual([]);
  });

  test('is made again when its interpreter is gone', async () => {
    await run(program, ['inspect'], environment);
    const [name] = environments();
    rmSync(join(home(), name, 'bin', 'python'));
    symlinkSync('/nowhere/python', join(home(), name, 'bin', 'python'));

    expect(await run(program, ['inspect'], environment)).toMatchObject({ code: 0, stderr: expect.stringMatching(/^The optimizer needs/) });
  });

  test('needs a Python: without one a sentence says what to install', async () => {
    const { code, stderr } = await run(program, ['inspect'], { ...environment, PATH: work, PYENV_ROOT: work });

    expect(code).toBe(2);
    expect(stderr).toMatch(/^no Python was found on the PATH or under pyenv: install Python 3\.13, 3\.12, 3\.11 with venv .*, or give --python an/);
  });
});

describe('an interpreter of one\'s own', () => {
  test('runs the optimizer, and --python is not passed on', async () => {
    for (const given of [['--python', PYTHON], [`--python=${PYTHON}`]]) {
      const { code, stdout, stderr } = await run(program, ['optimize', ...given, 'model', '--out', 'x'], environment);

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ prefix: join(PYTHON, '..', '..'), arguments: ['optimize', 'model', '--out', 'x'] });
    }
    expect(existsSync(home())).toBe(false);
  });

  test('never takes a module from the working directory', async () => {
    mkdirSync(join(cache, 'tensorflow_optimizer'));
    writeFileSync(join(cache, 'tensorflow_optimizer', '__main__.py'), 'print("another program")');

    expect((await run(program, ['inspect', '--python', PYTHON], environment, cache)).stdout).toContain('"arguments": ["inspect"]');
  });

  test.each<[string, string[], RegExp]>([
    ['that does not exist', ['--python', '/nowhere/python'], /^--python \/nowhere\/python is no Python interpreter that can be run \(.*ENOENT\): give the path of one/],
    ['that is another program', ['--python', '/bin/false'], /^--python \/bin\/false is no Python interpreter/],
    ['without a value', ['--python'], /^--python must be the path of a Python interpreter that has the optimizer's packages, got none/],
  ])('%s is refused with a sentence', async (_, args, sentence) => {
    const { code, stderr } = await run(program, ['inspect', 'model', ...args], environment);

    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
  });

  test('that lacks packages is refused with their names and the command that installs them', async () => {
    await run(program, ['inspect'], environment);
    const python = join(home(), environments()[0], 'bin', 'python');

    const { code, stderr } = await run(program, ['inspect', '--python', python], environment);

    expect(code).toBe(2);
    expect(stderr).toContain('it lacks tensorflow, keras, ai_edge_litert, ');
    expect(stderr).toContain(`run \`${python} -m pip install --require-hashes -r ${join(work, 'package', 'optimizer', 'requirements.txt')}\``);
  });
});

describe('the end', () => {
  test.each([[['end', '0'], 0], [['end', '3'], 3], [['killed'], 137]])('with %j is the optimizer\'s: exit code %i', async (args, expected) => {
    expect((await run(program, ['run', '--python', PYTHON, ...args], environment)).code).toBe(expected);
  });

  // Injects a fault.
  test('of the command is that of the optimizer, which is told', async () => {
    const child = spawn(process.execPath, [program, 'run', '--python', PYTHON, 'wait'], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (printed === '') {
        child.kill('SIGTERM');
      }
      printed += text;
    });
    const [code] = await once(child, 'close');

    expect({ code, told: printed.includes('told to end') }).toEqual({ code: 7, told: true });
  });
});

test('the help of a command needs neither Python nor packages', async () => {
  for (const option of ['--help', '-h']) {
    const { code, stdout, stderr } = await run(program, ['optimize', 'model', option], { ...environment, PATH: work });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: cdk-tensorflow optimize \[OPTIONS\][^]*--max-accuracy-loss[^]*--python/);
  }
  expect(existsSync(home())).toBe(false);
});
