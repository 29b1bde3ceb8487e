// Selects the Rust that builds the native runtime: the machine's, or one that puccinialin downloads into the clone. zig links, so no C compiler is
// needed.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once, root, run, tools, uv } from '../setup/environment.mjs';

export const crate = join(root, 'server');

/** Cargo's target directory in this clone. */
export const cargoTarget = join(tools, 'cargo-target');

/** Versions for publishing: the same source and versions give the same bytes. */
export const VERSIONS = JSON.parse(readFileSync(join(crate, 'toolchain', 'versions.json'), 'utf8'));

/** Supported processors by Lambda's name, with their names in Node.js, Rust and ELF. */
export const PROCESSORS = {
  x86_64: { node: 'x64', target: 'x86_64-unknown-linux-gnu', elf: 'x86_64' },
  arm64: { node: 'arm64', target: 'aarch64-unknown-linux-gnu', elf: 'aarch64' },
};

/** This machine's processor, by Lambda's name. */
export const machine = Object.keys(PROCESSORS).find((name) => PROCESSORS[name].node === process.arch);

const requirements = join(crate, 'toolchain', 'requirements.txt');
const environment = join(tools, 'zig');
const own = join(tools, 'rust');
const shims = join(tools, 'zig-shims');

/** Programs that prove that a component is installed. */
const PROGRAMS = { rustfmt: ['rustfmt', '--version'], clippy: ['cargo-clippy', '--version'] };

/** Returns the minimum version in Cargo.toml. */
function oldest() {
  return /^rust-version\s*=\s*"([\d.]+)"/m.exec(readFileSync(join(crate, 'Cargo.toml'), 'utf8'))[1];
}

function isAtLeast(version, least) {
  const numbers = (text) => text.split('.').map((number) => Number.parseInt(number, 10));
  const [left, right] = [numbers(version), numbers(least)];
  const index = left.findIndex((number, at) => number !== (right[at] ?? 0));
  return index < 0 || left[index] > (right[index] ?? 0);
}

/** Returns the output of `rustc` in an environment, or undefined if it is missing. */
function rustc(env) {
  const ask = (...args) => spawnSync('rustc', args, { cwd: tools, env, encoding: 'utf8' });
  const { status, stdout } = ask('-vV');
  if (status !== 0 || spawnSync('cargo', ['--version'], { cwd: tools, env, stdio: 'ignore' }).status !== 0) {
    return undefined;
  }
  const field = (name) => new RegExp(`^${name}: (\\S+)`, 'm').exec(stdout)[1];
  return { version: field('release'), commit: field('commit-hash'), sysroot: ask('--print', 'sysroot').stdout.trim() };
}

function suffices(found, env, { exact, components, targets }) {
  return found !== undefined
    && (exact ? found.commit === VERSIONS.commit : isAtLeast(found.version, oldest()))
    && targets.every((target) => existsSync(join(found.sysroot, 'lib', 'rustlib', target, 'lib')))
    && components.every((component) => spawnSync(PROGRAMS[component][0], PROGRAMS[component].slice(1), { cwd: tools, env, stdio: 'ignore' }).status === 0);
}

/** Use the machine's Cargo directory if it has one, with its settings and downloads. */
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

/** Rusts by what they were needed for: asking takes a tenth of a second. */
const known = new Map();

/**
 * Finds a Rust without installing anything.
 *
 * @param needs `exact`: the pinned version; `components` such as clippy, and `targets` by Rust's names.
 * @returns Its version and commit, its directory, its environment, and whether it must be downloaded.
 */
export function findRust(needs = {}) {
  const wanted = { exact: false, components: [], targets: [], ...needs };
  const key = JSON.stringify(wanted);
  const found = known.get(key) ?? search(wanted);
  if (!found.missing) {
    known.set(key, found);
  }
  return found;
}

function search(wanted) {
  const found = rustc(process.env);
  if (suffices(found, process.env, wanted)) {
    return { ...found, env: { ...process.env, CARGO_HOME: cargoHome() } };
  }
  const env = ownEnvironment();
  const fetched = existsSync(join(own, 'cargo', 'bin', 'rustc')) ? rustc(env) : undefined;
  return suffices(fetched, env, wanted) ? { ...fetched, env } : { version: VERSIONS.rust, commit: VERSIONS.commit, env, missing: wanted };
}

/**
 * Provides the tools that build the native runtime, all inside the clone.
 *
 * @param needs As for `findRust`; `uv`: a promise that uv is installed, if it may not be yet.
 * @returns The Rust to build with. Its environment has zig and the linker on the PATH.
 */
export async function rust({ uv: installed, ...needs } = {}) {
  await installed;
  await installZig();
  let found = findRust(needs);
  if (found.missing) {
    await fetchRust(found.missing);
    found = findRust(needs);
    if (found.missing) {
      throw new Error(`Rust ${VERSIONS.rust} was fetched, and lacks something of ${JSON.stringify(found.missing)}: delete ${own}, and run this once more`);
    }
  }
  writeShims();
  return {
    ...found,
    env: {
      ...found.env,
      PATH: [shims, join(environment, 'bin'), found.env.PATH].join(delimiter),
      CARGO_ZIGBUILD_PYTHON_PATH: join(environment, 'bin', 'python'),
      CARGO_ZIGBUILD_CACHE_DIR: join(tools, 'zig-wrappers'),
      CARGO_TERM_COLOR: 'never',
    },
  };
}

/** Installs zig, cargo-zigbuild and puccinialin. */
async function installZig() {
  await once('zig', [requirements], environment, async () => {
    await run(uv, ['venv', '--quiet', '--clear', '--python', join(tools, 'uv', 'bin', 'python'), environment]);
    await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(environment, 'bin', 'python'), requirements]);
  });
}

/** Rust links build scripts, procedural macros and tests, which run on this machine, with `cc`. zig does not know Rust's target names. */
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
  // rustup-init, run by puccinialin, installs the configured default instead of the newest version.
  writeFileSync(join(home, 'settings.toml'), `version = "12"\ndefault_toolchain = "${VERSIONS.rust}-${PROCESSORS[machine].target}"\nprofile = "minimal"\n`);
  const { RUSTUP_TOOLCHAIN: _, ...env } = process.env;
  await run(join(environment, 'bin', 'python'), ['-m', 'puccinialin', '--location', own, '--info-json', join(own, 'environment.json')], { env });
}
