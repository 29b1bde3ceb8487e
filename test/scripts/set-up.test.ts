import type { ChildProcess } from 'child_process';
import { spawn, spawnSync } from 'child_process';
import { once } from 'events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
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

describe('two set-ups of one clone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'set-up-'));
  const [lock, said, go] = ['lock', 'said', 'go'].map((name) => join(directory, name));
  const started: ChildProcess[] = [];

  /** A process that says its name when it begins, waits until it may go on, and says its name again. */
  function setUp(name: string): ChildProcess {
    const program = `import { alone } from ${JSON.stringify(join(SCRIPTS, 'setup', 'environment.mjs'))};
import { appendFileSync, existsSync } from 'node:fs';
await alone(${JSON.stringify(lock)}, async () => {
  appendFileSync(${JSON.stringify(said)}, '${name}');
  while (!existsSync(${JSON.stringify(go)})) await new Promise((done) => setTimeout(done, 20));
  appendFileSync(${JSON.stringify(said)}, '${name}');
});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'pipe'] });
    started.push(child);
    return child;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  afterAll(() => {
    started.forEach((child) => child.kill('SIGKILL'));
    rmSync(directory, { recursive: true, force: true });
  });

  test('come one after the other, even after one that was killed', async () => {
    const killed = setUp('a');
    await until(() => existsSync(said));
    const second = setUp('b');
    const [waiting] = await once(second.stderr!, 'data') as [Buffer];
    expect(waiting.toString()).toContain('another set-up of this clone is running: waiting for its end');
    expect(readFileSync(said, 'utf8')).toBe('a');
    killed.kill('SIGKILL');
    await until(() => readFileSync(said, 'utf8') === 'ab');
    const third = setUp('c');
    await once(third.stderr!, 'data');
    spawnSync('touch', [go]);
    await Promise.all([second, third].map((child) => once(child, 'exit')));
    expect(readFileSync(said, 'utf8')).toBe('abbcc');
  });
});
