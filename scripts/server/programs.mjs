// Builds the programs of the native runtime, and caches them for the user by a digest of everything that determines their bytes.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { once, run } from '../setup/environment.mjs';
import { markUsed, removeUnused, userCache } from '../setup/user-cache.mjs';
import { cargoTarget, crate, findRust, PROCESSORS, rust, VERSIONS } from './rust.mjs';

/** The programs with their features: a Lambda layer contains the small one. */
export const PROGRAMS = { bootstrap: ['lambda'], model_server: ['lambda', 'server'] };

/** Inputs of the compilation, without tests and generated files. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'proto', 'toolchain/requirements.txt', 'toolchain/versions.json'];

/** Increase when a change of the build changes the bytes. */
const RECIPE = 1;

/** Directory of a processor's programs in the clone, and in the npm package. */
export const programsDirectory = (processor) => join(crate, 'dist', processor);

function sources(directory = crate) {
  const below = (path) => statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((name) => below(join(path, name))) : [path];
  return SOURCES.map((name) => join(directory, name)).filter((path) => existsSync(path)).flatMap(below);
}

const needs = (processor, exact) => ({ exact, targets: [PROCESSORS[processor].target] });

/** Computes a digest of everything that determines the programs' bytes. */
export function programsDigest(processor, { exact = false } = {}) {
  const { version, commit } = findRust(needs(processor, exact));
  const digest = createHash('sha256').update(JSON.stringify([RECIPE, PROGRAMS, processor, version, commit]));
  sources().forEach((file) => digest.update(`\0${relative(crate, file)}\0`).update(readFileSync(file)));
  return digest.digest('hex');
}

const cache = () => userCache('native');

/**
 * Compiles the programs for a processor. The build is reproducible: the same source and Rust give the same bytes in any directory.
 *
 * @param toolchain From `rust()`.
 * @param options The processor; the crate's directory; Cargo's target directory; the output directory.
 */
export async function compile(toolchain, { processor, source, target, output }) {
  const { target: triple } = PROCESSORS[processor];
  // Rust uses the last match.
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

/** Returns the cached programs for a processor. Another process may have added them in the meantime. */
async function kept(digest, processor, wanted) {
  const directory = join(cache(), digest);
  if (!existsSync(directory)) {
    mkdirSync(cache(), { recursive: true });
    const partial = mkdtempSync(join(cache(), 'partial-'));
    try {
      await compile(await rust(wanted), { processor, source: crate, target: cargoTarget, output: partial });
      chmodSync(partial, 0o755);
      renameSync(partial, directory);
      removeUnused('native');
    } catch (error) {
      if (!existsSync(directory)) {
        throw error;
      }
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  markUsed(directory);
  return directory;
}

/**
 * Puts the programs for a processor where the library looks for them, and compiles them if they are not cached.
 *
 * @param processor Lambda's name of the architecture.
 * @param options `exact`: compile with the pinned Rust, required for publishing.
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
