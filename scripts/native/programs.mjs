// Builds the programs of the native runtime, and keeps them in the user's cache by the digest of all that decides their bytes.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { once, run, tools } from '../setup/environment.mjs';
import { crate, findRust, PROCESSORS, rust, VERSIONS } from './rust.mjs';

/** The programs, and the features that each is built with: a Lambda layer holds the small one. */
export const PROGRAMS = { bootstrap: ['lambda'], model_server: ['lambda', 'server'] };

/** What is compiled. Tests, and what is made, are not. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'proto', 'toolchain/requirements.txt', 'toolchain/versions.json'];

/** Raised when the way of building changes the bytes. */
const RECIPE = 1;

/** Where the programs for a processor lie in the clone, and in the npm package. */
export const programsDirectory = (processor) => join(crate, 'dist', processor);

/** The files that are compiled, sorted. */
function sources(directory = crate) {
  const below = (path) => statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((name) => below(join(path, name))) : [path];
  return SOURCES.map((name) => join(directory, name)).filter((path) => existsSync(path)).flatMap(below);
}

const needs = (processor, exact) => ({ exact, targets: [PROCESSORS[processor].target] });

/** The digest of everything that decides the bytes of the programs. */
export function programsDigest(processor, { exact = false } = {}) {
  const { version, commit } = findRust(needs(processor, exact));
  const digest = createHash('sha256').update(JSON.stringify([RECIPE, PROGRAMS, processor, version, commit]));
  sources().forEach((file) => digest.update(`\0${relative(crate, file)}\0`).update(readFileSync(file)));
  return digest.digest('hex');
}

function cache() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cdk-tensorflow', 'native');
}

/**
 * Compiles the programs for a processor. The same source and Rust give the same bytes, wherever they are compiled.
 *
 * @param toolchain As `rust()` gives it.
 * @param options The processor; the directory of the crate; where Cargo keeps what it compiles; the directory that gets the programs.
 */
export async function compile(toolchain, { processor, source, target, output }) {
  const { target: triple } = PROCESSORS[processor];
  // Rust takes the last one that matches.
  const renamed = [[toolchain.sysroot, '/rust'], [toolchain.env.CARGO_HOME, '/cargo'], [source, '/native'], [target, '/target']];
  const env = {
    ...toolchain.env,
    CARGO_TARGET_DIR: target,
    CARGO_ENCODED_RUSTFLAGS: renamed.map(([from, to]) => `--remap-path-prefix=${from}=${to}`).join('\x1f'),
    CARGO_INCREMENTAL: '0',
  };
  for (const [name, features] of Object.entries(PROGRAMS)) {
    await run('cargo', [
      'zigbuild', '--release', '--locked', '--target', `${triple}.${VERSIONS.glibc}`, '--bin', 'model_server', '--no-default-features', '--features', features.join(','),
    ], { cwd: source, env });
    cpSync(join(target, triple, 'release', 'model_server'), join(output, name));
  }
}

/** The programs for a processor in the cache. Another process may have put them there meanwhile. */
async function kept(digest, processor, wanted) {
  const directory = join(cache(), digest);
  if (!existsSync(directory)) {
    mkdirSync(cache(), { recursive: true });
    const partial = mkdtempSync(join(cache(), 'partial-'));
    try {
      await compile(await rust(wanted), { processor, source: crate, target: join(tools, 'cargo-target'), output: partial });
      chmodSync(partial, 0o755);
      renameSync(partial, directory);
    } catch (error) {
      if (!existsSync(directory)) {
        throw error;
      }
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return directory;
}

/**
 * Puts the programs for a processor where the library looks for them, and compiles them unless the cache has them.
 *
 * @param processor As Lambda calls it.
 * @param options `exact`: compiled by the pinned Rust, as what is published must be.
 * @returns Whether anything changed.
 */
export async function providePrograms(processor, { exact = false } = {}) {
  const digest = programsDigest(processor, { exact });
  const directory = programsDirectory(processor);
  return once(`native-${processor}`, [digest], join(directory, 'bootstrap'), async () => {
    const from = await kept(digest, processor, needs(processor, exact));
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    Object.keys(PROGRAMS).forEach((name) => cpSync(join(from, name), join(directory, name)));
  });
}
