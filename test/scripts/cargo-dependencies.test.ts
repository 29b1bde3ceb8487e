import { spawnSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'fs';
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
function withDependencies(root: string, work: string, complaint: string | RegExp = /^$/): string {
  const program = `import * as fs from 'node:fs';
import { withDependencies } from ${JSON.stringify(join(root, 'scripts', 'server', 'dependencies.mjs'))};
const target = ${JSON.stringify(target(root))};
await withDependencies(() => { ${work} });`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8', env: { PATH: process.env.PATH, HOME: join(directory, 'home'), XDG_CACHE_HOME: join(directory, 'cache') },
  });
  expect(stderr).toMatch(complaint);
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

  test('is added to as clones compile more, and never replaces what a clone has compiled itself', () => {
    const [first, second, third] = [clone('first'), clone('second'), clone('third')];
    compile(first);
    withDependencies(first, '');
    withDependencies(second, `
      fs.mkdirSync(target + '/debug/.fingerprint/half-00000000000000cc');
      fs.writeFileSync(target + '/debug/deps/libhalf-00000000000000cc.rlib', 'half');
      fs.writeFileSync(target + '/debug/deps/libring-${DEPENDENCY}.rlib', 'of the second clone');`);
    withDependencies(first, '');
    withDependencies(third, '');

    expect(existsSync(target(first, 'debug', 'deps', 'libhalf-00000000000000cc.rlib'))).toBe(false);
    expect(readFileSync(target(third, 'debug', 'deps', 'libhalf-00000000000000cc.rlib'), 'utf8')).toBe('half');
    expect(readFileSync(target(third, 'debug', 'deps', `libring-${DEPENDENCY}.rlib`), 'utf8')).toBe('ring');
  });

  test('is left in its clone if it cannot be kept, which fails nothing', () => {
    const root = clone('first');
    compile(root);
    mkdirSync(join(directory, 'cache'));
    writeFileSync(join(directory, 'cache', 'cdk-tensorflow'), 'no directory');

    expect(withDependencies(root, 'process.stdout.write("ran")', /^compiled dependencies are not kept for other clones: .*ENOTDIR/)).toBe('ran');
    expect(existsSync(target(root, 'debug', 'deps', `libring-${DEPENDENCY}.rlib`))).toBe(true);
  });

  test('is not taken for other lock files, and removed after 30 days without use', () => {
    const [first, second] = [clone('first'), clone('second')];
    compile(first);
    withDependencies(first, '');
    const cache = join(directory, 'cache', 'cdk-tensorflow', 'cargo');
    const [unused] = readdirSync(cache);
    writeFileSync(join(second, 'server', 'Cargo.lock'), `${readFileSync(join(second, 'server', 'Cargo.lock'), 'utf8')}\n`);

    withDependencies(second, '');
    expect(existsSync(target(second, 'debug'))).toBe(false);
    expect(readdirSync(cache)).toContain(unused);
    const longAgo = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(join(cache, unused), longAgo, longAgo);
    withDependencies(second, '');
    expect(readdirSync(cache)).toHaveLength(1);
    expect(readdirSync(cache)).not.toContain(unused);
  });
});
