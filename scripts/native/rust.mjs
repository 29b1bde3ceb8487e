// Which Rust builds the native runtime: the machine's, or one of the clone's own, which puccinialin fetches. zig links, so no C compiler is needed.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once, root, run, tools, uv } from '../setup/environment.mjs';

export const crate = join(root, 'native');

/** Versions that the published programs are built with: the same source and versions give the same bytes. */
export const VERSIONS = JSON.parse(readFileSync(join(crate, 'toolchain', 'versions.json'), 'utf8'));

/** Processors that a program is built for: what Lambda calls them, and what Node.js, Rust and ELF do. */
export const PROCESSORS = {
  x86_64: { node: 'x64', target: 'x86_64-unknown-linux-gnu', elf: 'x86_64' },
  arm64: { node: 'arm64', target: 'aarch64-unknown-linux-gnu', elf: 'aarch64' },
};

/** This machine's processor, as Lambda calls it. */
export const machine = Object.keys(PROCESSORS).find((name) => PROCESSORS[name].node === process.arch);

const requirements = join(crate, 'toolchain', 'requirements.txt');
const environment = join(tools, 'zig');
const own = join(tools, 'rust');
const shims = join(tools, 'zig-shims');

/** What Rust must be able to do. */
const PROGRAMS = { rustfmt: ['rustfmt', '--version'], clippy: ['cargo-clippy', '--version'] };

/** The version that Cargo.toml asks for at least. */
function oldest() {
  return /^rust-version\s*=\s*"([\d.]+)"/m.exec(readFileSync(join(crate, 'Cargo.toml'), 'utf8'))[1];
}

function isAtLeast(version, least) {
  const numbers = (text) => text.split('.').map((number) => Number.parseInt(number, 10));
  const [left, right] = [numbers(version), numbers(least)];
  const index = left.findIndex((number, at) => number !== (right[at] ?? 0));
  return index < 0 || left[index] > (right[index] ?? 0);
}

/** What `rustc` of an environment says of itself; undefined where it is missing. */
function rustc(env) {
  const ask = (...args) => spawnSync('rustc', args, { cwd: tools, env, encoding: 'utf8' });
  const { status, stdout } = ask('-vV');
  if (status !== 0 || spawnSync('cargo', ['--version'], { cwd: tools, env, stdio: 'ignore' }).status !== 0) {
    return undefined;
  }
  const field = (name) => new RegExp(`^${name}: (\\S+)`, 'm').exec(stdout)[1];
  return { version: field('release'), commit: field('commit-hash'), sysroot: ask('--print', 'sysroot').stdout.trim() };
}

/** Whether a Rust can do what is asked of it. */
function suffices(found, env, { exact, components, targets }) {
  return found !== undefined
    && (exact ? found.commit === VERSIONS.commit : isAtLeast(found.version, oldest()))
    && targets.every((target) => existsSync(join(found.sysroot, 'lib', 'rustlib', target, 'lib')))
    && components.every((component) => spawnSync(PROGRAMS[component][0], PROGRAMS[component].slice(1), { cwd: tools, env, stdio: 'ignore' }).status === 0);
}

/** Cargo's own directory stays the machine's, where it has one, with its settings and what it has fetched. */
function cargoHome() {
  const usual = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  return existsSync(usual) ? usual : join(own, 'cargo');
}

const ownEnvironment = () => ({
  ...process.env,
  RUSTUP_HOME: join(own, 'rustup'),
  RUSTUP_TOOLCHAIN: VERSIONS.rust,
  CARGO_HOME: cargoHome(),
  PATH: [join(own, 'cargo', 'bin'), process.env.PATH].join(delimiter),
});

/**
 * Finds a Rust. Installs nothing.
 *
 * @param needs `exact`: the pinned version; `components` such as clippy, and `targets` as Rust names them, which it must have.
 * @returns Its version and commit, its directory, the environment to run it in, and whether it is missing and must be fetched.
 */
export function findRust(needs = {}) {
  const wanted = { exact: false, components: [], targets: [], ...needs };
  const found = rustc(process.env);
  if (suffices(found, process.env, wanted)) {
    return { ...found, env: { ...process.env, CARGO_HOME: cargoHome() } };
  }
  const env = ownEnvironment();
  const fetched = existsSync(join(own, 'cargo', 'bin', 'rustc')) ? rustc(env) : undefined;
  return suffices(fetched, env, wanted) ? { ...fetched, env } : { version: VERSIONS.rust, commit: VERSIONS.commit, env, missing: wanted };
}

/**
 * Makes ready what builds the native runtime, all of it inside the clone.
 *
 * @param needs As for `findRust`.
 * @returns The Rust to build with. Its environment has zig and the linker on the PATH.
 */
export async function rust(needs) {
  await once('zig', [requirements], environment, async () => {
    await run(uv, ['venv', '--quiet', '--clear', '--python', join(tools, 'uv', 'bin', 'python'), environment]);
    await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(environment, 'bin', 'python'), requirements]);
  });
  writeShims();
  let found = findRust(needs);
  if (found.missing) {
    await fetchRust(found.missing);
    found = findRust(needs);
    if (found.missing) {
      throw new Error(`Rust ${VERSIONS.rust} was fetched, and lacks something of ${JSON.stringify(found.missing)}: delete ${own}, and run this once more`);
    }
  }
  const python = join(environment, 'bin', 'python');
  return {
    ...found,
    env: {
      ...found.env,
      PATH: [shims, join(environment, 'bin'), found.env.PATH].join(delimiter),
      CARGO_ZIGBUILD_PYTHON_PATH: python,
      CARGO_ZIGBUILD_CACHE_DIR: join(tools, 'zig-wrappers'),
      CARGO_TERM_COLOR: 'never',
    },
  };
}

/** Build scripts, procedural macros and tests are linked by `cc`. zig does not know Rust's names of targets, and these are for this machine. */
function writeShims() {
  const text = [
    '#!/bin/sh',
    'for argument do',
    '  shift',
    '  case $argument in --target=*) ;; *) set -- "$@" "$argument" ;; esac',
    'done',
    `exec '${join(environment, 'bin', 'python').replaceAll("'", "'\\''")}' -m ziglang cc "$@"`,
    '',
  ].join('\n');
  mkdirSync(shims, { recursive: true });
  const cc = join(shims, 'cc');
  if (!existsSync(cc) || readFileSync(cc, 'utf8') !== text) {
    writeFileSync(cc, text);
    chmodSync(cc, 0o755);
  }
}

async function fetchRust({ components, targets }) {
  const rustup = join(own, 'cargo', 'bin', 'rustup');
  if (!existsSync(rustup)) {
    await installRustup();
  }
  const add = (kind, names) => names.length ? run(rustup, [kind, 'add', ...names], { env: ownEnvironment() }) : undefined;
  await add('component', components);
  await add('target', targets);
}

async function installRustup() {
  const home = join(own, 'rustup');
  mkdirSync(home, { recursive: true });
  // rustup-init, which puccinialin runs, installs the default that is set already, instead of the newest.
  writeFileSync(join(home, 'settings.toml'), `version = "12"\ndefault_toolchain = "${VERSIONS.rust}-${PROCESSORS[machine].target}"\nprofile = "minimal"\n`);
  const { RUSTUP_TOOLCHAIN: _, ...env } = process.env;
  await run(join(environment, 'bin', 'python'), ['-m', 'puccinialin', '--location', own, '--info-json', join(own, 'environment.json')], { env });
}
