import { spawnSync } from 'child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const OWN = '00000000000000aa';
const DEPENDENCY = '00000000000000bb';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cargo dependencies-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A clone with what the scripts read. */
function clone(name: string): string {
  const root = join(directory, name);
  const read = [['scripts', 'server'], ['scripts', 'setup'], ['server', 'toolchain'], ['server', 'Cargo.toml'], ['server', 'Cargo.lock'], ['server', 'fuzz', 'Cargo.lock']];
  read.forEach((part) => cpSync(join(ROOT, ...part), join(root, ...part), { recursive: true }));
  return root;
}

const target = (root: string, ...path: string[]) => join(root, '.tools', 'cargo-target', ...path);

/** Runs a program of Node.js in place of Cargo, with the clone's target directory as `target`, and returns what it printed. */
function withDependencies(root: string, work: string): string {
  const program = `import * as fs from 'node:fs';
import { withDependencies } from ${JSON.stringify(join(root, 'scripts', 'server', 'dependencies.mjs'))};
const target = ${JSON.stringify(target(root))};
await withDependencies(() => { ${work} });`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8', env: { PATH: process.env.PATH, HOME: join(directory, 'home'), XDG_CACHE_HOME: join(directory, 'cache') },
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

/** Writes what Cargo leaves of a dependency and of the native runtime itself. */
function compile(root: string): void {
  for (const [name, library, hash] of [['ring', 'ring', DEPENDENCY], ['model-server', 'model_server', OWN], ['model-server-fuzz', 'body', OWN]]) {
    const fingerprint = target(root, 'debug', '.fingerprint', `${name}-${hash}`);
    mkdirSync(fingerprint, { recursive: true });
    mkdirSync(target(root, 'debug', 'build', `${name}-${hash}`, 'out'), { recursive: true });
    mkdirSync(target(root, 'debug', 'deps'), { recursive: true });
    writeFileSync(join(fingerprint, `lib-${library}`), 'fingerprint');
    writeFileSync(target(root, 'debug', 'build', `${name}-${hash}`, 'out', 'generated.rs'), name);
    writeFileSync(target(root, 'debug', 'deps', `lib${library}-${hash}.rlib`), name);
    writeFileSync(target(root, 'debug', 'deps', `${library}-${hash}.d`), name);
  }
}

describe('what Cargo compiled of dependencies', () => {
  test('is there in another clone before its Cargo runs, with its times', () => {
    const [first, second] = [clone('first'), clone('second')];
    compile(first);
    const library = target(first, 'debug', 'deps', `libring-${DEPENDENCY}.rlib`);
    utimesSync(library, 1_000_000, 1_000_000.5);
    withDependencies(first, '');

    const found = withDependencies(second, `process.stdout.write(fs.readdirSync(target + '/debug/deps').join(' '))`);
    expect(found).toBe(`libring-${DEPENDENCY}.rlib ring-${DEPENDENCY}.d`);
    expect(readdirSync(target(second, 'debug', '.fingerprint', `ring-${DEPENDENCY}`))).toEqual(['lib-ring']);
    expect(readFileSync(target(second, 'debug', 'build', `ring-${DEPENDENCY}`, 'out', 'generated.rs'), 'utf8')).toBe('ring');
    expect(statSync(target(second, 'debug', 'deps', `libring-${DEPENDENCY}.rlib`)).mtimeMs).toBe(1_000_000_500);
  });

  test('is kept without the repository\'s own packages, of which Cargo would believe what another clone compiled', () => {
    const [first, second] = [clone('first'), clone('second')];
    compile(first);
    withDependencies(first, '');
    withDependencies(second, '');

    for (const part of ['.fingerprint', 'build', 'deps']) {
      expect(readdirSync(target(second, 'debug', part)).filter((name) => name.includes(OWN))).toEqual([]);
    }
  });
});
