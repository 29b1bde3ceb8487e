import { spawnSync } from 'child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const NEEDED: { rust: string; commit: string } = JSON.parse(readFileSync(join(ROOT, 'server', 'toolchain', 'versions.json'), 'utf8'));
const PROCESSOR = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const TARGET = process.arch === 'arm64' ? 'aarch64-unknown-linux-gnu' : 'x86_64-unknown-linux-gnu';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'native build-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function script(path: string, lines: string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ['#!/bin/sh', 'PATH=$PATH:/usr/local/bin:/usr/bin:/bin', `echo "$(basename "$0") $*" >> '${directory}/calls'`, ...lines, ''].join('\n'));
  chmodSync(path, 0o755);
}

/** A stand-in for Rust, as far as the set-up checks; it compiles by copying main.rs. */
function rustPrograms(bin: string, options: { version?: string; commit?: string; broken?: boolean } = {}): void {
  const { version = NEEDED.rust, commit = NEEDED.commit } = options;
  mkdirSync(join(directory, 'sysroot', 'lib', 'rustlib', TARGET, 'lib'), { recursive: true });
  script(join(bin, 'rustc'), [`case "$1" in -vV) printf 'release: ${version}\\ncommit-hash: ${commit}\\n' ;; *) echo '${directory}/sysroot' ;; esac`]);
  script(join(bin, 'cargo'), [
    'case "$1" in tree) printf "model-server v0.0.0\\nhalf v2.7.1\\nhalf v2.7.1 (*)\\n\\n" ;; esac',
    'case "$1" in zigbuild) ;; *) exit 0 ;; esac',
    ...options.broken ? ['echo "   Compiling model-server"; echo "error: expected a semicolon" >&2; exit 101'] : [],
    `output="$CARGO_TARGET_DIR/${TARGET}/$3" && mkdir -p "$output" && { echo "$1 $3"; cat src/main.rs; } > "$output/model_server"`,
  ]);
}

/** A clone that has what the native build reads, and a uv that makes an environment without fetching anything. */
function clone(name: string, source = 'fn main() {}'): string {
  const root = join(directory, name);
  for (const part of [['scripts', 'server'], ['scripts', 'setup'], ['server', 'toolchain'], ['server', 'Cargo.toml'], ['server', 'Cargo.lock']]) {
    cpSync(join(ROOT, ...part), join(root, ...part), { recursive: true });
  }
  mkdirSync(join(root, 'server', 'src'));
  writeFileSync(join(root, 'server', 'src', 'main.rs'), source);
  script(join(root, '.tools', 'uv', 'bin', 'uv'), [`case "$1" in venv) cp -r '${directory}/environment' "${root}/.tools/zig" ;; esac`]);
  script(join(directory, 'environment', 'bin', 'python'), [
    'case "$2" in puccinialin) mkdir -p "$4/cargo/bin" && cp -r "$(dirname "$0")"/../../../own/* "$4/cargo/bin/" ;; esac',
  ]);
  return root;
}

const NAMES = ['bootstrap', 'model_server'];

/** Runs the native part of the set-up: what it said, and what it called. */
function provide(root: string, options: { names?: string[]; published?: boolean; retry?: boolean } = {}): { said: string; calls: string[] } {
  return execute(root, `import { provideForThisMachine } from './scripts/server/provide.mjs';
await provideForThisMachine(${JSON.stringify({ names: NAMES, ...options })});`);
}

function execute(root: string, program: string): { said: string; calls: string[] } {
  rmSync(join(directory, 'calls'), { force: true });
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: join(directory, 'bin'), HOME: join(directory, 'home'), XDG_CACHE_HOME: join(directory, 'cache') },
  });
  expect(status).toBe(0);
  const calls = existsSync(join(directory, 'calls')) ? readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n') : [];
  return { said: stderr, calls };
}

const compiled = (calls: string[]) => calls.filter((call) => /^cargo zigbuild/.test(call));
const programs = (root: string) => NAMES.map((name) => join(root, 'server', 'dist', PROCESSOR, name));
const contents = (root: string) => programs(root).map((path) => readFileSync(path, 'utf8'));

describe('the set-up of the native runtime', () => {
  test('compiles the programs for this machine with the development profile, and nothing if nothing changed', () => {
    rustPrograms(join(directory, 'bin'));
    const root = clone('clone');

    const first = provide(root);
    expect(first.said).not.toMatch(/is not built/);
    expect(compiled(first.calls)).toEqual([
      expect.stringMatching(new RegExp(`zigbuild --profile development --target ${TARGET}\\.2\\.28 .* --no-default-features --features lambda$`)),
      expect.stringMatching(new RegExp(`zigbuild --profile development --target ${TARGET}\\.2\\.28 .* --no-default-features --features lambda,server,otlp$`)),
    ]);
    expect(contents(root)).toEqual(Array(2).fill('zigbuild development\nfn main() {}'));
    expect(compiled(provide(root).calls)).toEqual([]);
  });

  test('compiles only the programs that are needed, and later the others', () => {
    rustPrograms(join(directory, 'bin'));
    const root = clone('clone');

    expect(compiled(provide(root, { names: ['bootstrap'] }).calls)).toEqual([expect.stringMatching(/--features lambda$/)]);
    expect(programs(root).map((path) => existsSync(path))).toEqual([true, false]);
    expect(compiled(provide(root).calls)).toEqual([expect.stringMatching(/--features lambda,server,otlp$/)]);
    expect(programs(root).map((path) => existsSync(path))).toEqual([true, true]);
    expect(provide(root, { names: [] }).calls).toEqual([]);
  });

  test('compiles what is published with the release profile, and never publishes what is compiled for development', () => {
    rustPrograms(join(directory, 'bin'));
    const root = clone('clone');
    const unpublished = (): string[] => {
      const { said } = execute(root, `import { unpublishedPrograms } from './scripts/server/programs.mjs';
process.stderr.write(unpublishedPrograms().join(' '));`);
      return said.split(' ').filter(Boolean);
    };
    expect(unpublished()).toEqual([]);

    provide(root);
    expect(unpublished()).toEqual(NAMES.map((name) => `dist/${PROCESSOR}/${name}`));
    expect(compiled(provide(root, { published: true }).calls)[0]).toMatch(new RegExp(`zigbuild --profile release --target ${TARGET}\\.2\\.28 `));
    expect(unpublished()).toEqual([]);
    expect(contents(root)).toEqual(Array(2).fill('zigbuild release\nfn main() {}'));
    provide(root);
    expect(contents(root)).toEqual(Array(2).fill('zigbuild release\nfn main() {}'));
    writeFileSync(join(root, 'server', 'src', 'main.rs'), 'fn main() { }');
    expect(unpublished()).toHaveLength(2);
  });

  test('takes the programs of the same source from the cache, without a toolchain', () => {
    rustPrograms(join(directory, 'bin'));
    provide(clone('first'));
    const second = clone('second');

    const { calls } = provide(second);
    expect(compiled(calls)).toEqual([]);
    expect(existsSync(join(second, '.tools', 'zig'))).toBe(false);
    expect(programs(second).every((path) => existsSync(path))).toBe(true);
  });

  test('compiles a changed source', () => {
    rustPrograms(join(directory, 'bin'));
    const root = clone('clone');
    provide(root);
    writeFileSync(join(root, 'server', 'src', 'main.rs'), 'fn main() { }');

    expect(compiled(provide(root).calls)).toHaveLength(2);
    expect(contents(root)[0]).toBe('zigbuild development\nfn main() { }');
  });

  test.each([
    ['is none', undefined],
    ['is too old', { version: '1.70.0', commit: 'old' }],
  ])('fetches the pinned Rust into the clone where the machine\'s %s', (_, found) => {
    if (found) {
      rustPrograms(join(directory, 'bin'), found);
    }
    const root = clone('clone');
    rustPrograms(join(root, 'own'));
    script(join(root, 'own', 'rustup'), []);

    const { said, calls } = provide(root);
    expect(said).not.toMatch(/is not built/);
    expect(calls).toContainEqual(expect.stringMatching(/^python -m puccinialin --location .*clone\/\.tools\/rust /));
    expect(readFileSync(join(root, '.tools', 'rust', 'rustup', 'settings.toml'), 'utf8')).toContain(`default_toolchain = "${NEEDED.rust}-${TARGET}"`);
    expect(programs(root).every((path) => existsSync(path))).toBe(true);
  });

  test('says in one sentence that the numpy runtime serves if it cannot compile, and retries only on request or after a change', () => {
    rustPrograms(join(directory, 'bin'), { broken: true });
    const root = clone('clone');

    const sentence = /^ {2}The native runtime is not built here, and the numpy runtime serves instead: error: expected a semicolon; see .*native\.log\n$/m;
    expect(provide(root).said).toMatch(sentence);
    expect(readFileSync(join(root, '.tools', 'native.log'), 'utf8')).toContain('Compiling model-server');
    const again = provide(root);
    expect(again.said).toMatch(/not built here.*`npm run setup` tries once more\n$/);
    expect(compiled(again.calls)).toEqual([]);
    expect(compiled(provide(root, { retry: true }).calls)).toHaveLength(1);
    writeFileSync(join(root, 'server', 'src', 'main.rs'), 'fn main() { }');
    expect(compiled(provide(root).calls)).toHaveLength(1);
    expect(programs(root).some((path) => existsSync(path))).toBe(false);
  });

  test('links build scripts with zig, without the target that zig does not know', () => {
    rustPrograms(join(directory, 'bin'));
    const root = clone('clone');
    provide(root);
    rmSync(join(directory, 'calls'));
    const cc = join(root, '.tools', 'zig-shims', 'cc');

    expect(statSync(cc).mode & 0o111).toBe(0o111);
    expect(spawnSync(cc, [`--target=${TARGET}`, '-o', 'a name', 'a.o'], { env: { PATH: '/usr/bin:/bin' } }).status).toBe(0);
    expect(readFileSync(join(directory, 'calls'), 'utf8')).toBe('python -m ziglang cc -o a name a.o\n');
  });
});
