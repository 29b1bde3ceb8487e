// Builds the programs of the native runtime, and caches each for the user by a digest of everything that determines its bytes.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isMade, once, run } from '../setup/environment.mjs';
import { markUsed, removeUnused, userCache } from '../setup/user-cache.mjs';
import { cargoTarget, crate, findRust, PROCESSORS, rust, VERSIONS } from './rust.mjs';

/** The programs with their features: a Lambda layer contains the small one. */
export const PROGRAMS = { bootstrap: ['lambda'], model_server: ['lambda', 'server', 'otlp'] };

/** Inputs of the compilation, without tests and generated files. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'proto', 'toolchain/requirements.txt', 'toolchain/versions.json'];

/** Increase when a change of the build changes the bytes. */
const RECIPE = 2;

const SECONDS_BETWEEN_REPORTS = 5;

/** Directory of a processor's programs in the clone, and in the npm package. */
export const programsDirectory = (processor) => join(crate, 'dist', processor);

const programPath = (name, processor) => join(programsDirectory(processor), name);
const stampName = (name, processor) => `native-${processor}-${name}`;

function sources(directory = crate) {
  const below = (path) => statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((name) => below(join(path, name))) : [path];
  return SOURCES.map((name) => join(directory, name)).filter((path) => existsSync(path)).flatMap(below);
}

/** Rust that a program needs: the pinned version, exactly, where the program is published. */
const needs = (processor, published) => ({ exact: published, targets: [PROCESSORS[processor].target] });
const profileOf = (published) => (published ? 'release' : 'development');

/** Computes a digest of everything that determines a program's bytes. */
export function programDigest(name, processor, { published = false } = {}) {
  const { version, commit } = findRust(needs(processor, published));
  const digest = createHash('sha256').update(JSON.stringify([RECIPE, name, PROGRAMS[name], profileOf(published), processor, version, commit]));
  sources().forEach((file) => digest.update(`\0${relative(crate, file)}\0`).update(readFileSync(file)));
  return digest.digest('hex');
}

const cached = (digest, name) => join(userCache('native'), digest, name);

/**
 * Compiles a program for a processor. A published one is reproducible: the same source and Rust give the same bytes in any directory.
 *
 * @param toolchain From `rust()`.
 * @param options The program's name and processor; whether it is published; the crate's directory; Cargo's target directory; the output directory;
 * `report`, which is told how many crates are done.
 */
export async function compile(toolchain, { name, processor, published = true, source, target, output, report }) {
  const { target: triple } = PROCESSORS[processor];
  // Rust uses the last match.
  const renamed = [[toolchain.sysroot, '/rust'], [toolchain.env.CARGO_HOME, '/cargo'], [source, '/native'], [target, '/target']];
  const env = {
    ...toolchain.env,
    CARGO_TARGET_DIR: target,
    CARGO_ENCODED_RUSTFLAGS: renamed.map(([from, to]) => `--remap-path-prefix=${from}=${to}`).join('\x1f'),
    CARGO_INCREMENTAL: '0',
  };
  const selected = ['--locked', '--no-default-features', '--features', PROGRAMS[name].join(',')];
  const crates = await run('cargo', ['tree', ...selected, '--target', triple, '--edges', 'normal,build', '--prefix', 'none', '--format', '{p}'], { cwd: source, env });
  const all = new Set(crates.match(/^\S+ v\S+/gm)).size;
  await run('cargo', [
    'zigbuild', '--profile', profileOf(published), '--target', `${triple}.${VERSIONS.glibc}`, '--bin', 'model_server', ...selected,
  ], { cwd: source, env, onOutput: counter(all, report) });
  cpSync(join(target, triple, profileOf(published), 'model_server'), join(output, name));
}

/** Returns a reader of Cargo's output that reports crates now and then. A crate that Cargo names is being compiled. */
function counter(all, report = () => {}) {
  let begun = 0;
  let reported = Date.now();
  return (text) => {
    begun += text.match(/^ +Compiling /gm)?.length ?? 0;
    if (begun > 0 && Date.now() - reported > SECONDS_BETWEEN_REPORTS * 1000) {
      reported = Date.now();
      report(`${Math.max(begun - 1, 0)} of ${all} crates`);
    }
  };
}

/** Returns the cached program, which is compiled if there is none. Another process may have added it in the meantime. */
async function provideCached(name, processor, { published, uv, report }) {
  const digest = programDigest(name, processor, { published });
  const program = cached(digest, name);
  if (!existsSync(program)) {
    const cache = userCache('native');
    mkdirSync(cache, { recursive: true });
    const partial = mkdtempSync(join(cache, 'partial-'));
    try {
      const toolchain = await rust({ ...needs(processor, published), uv });
      await compile(toolchain, { name, processor, published, source: crate, target: cargoTarget, output: partial, report });
      chmodSync(partial, 0o755);
      renameSync(partial, join(cache, digest));
      removeUnused('native');
    } catch (error) {
      if (!existsSync(program)) {
        throw error;
      }
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  markUsed(join(userCache('native'), digest));
  return program;
}

/**
 * Puts programs for a processor where the library looks for them, and compiles those that are not cached.
 *
 * @param processor Lambda's name of the architecture.
 * @param options `names` of the programs; `published`: with the profile and the pinned Rust of what is published, otherwise with the development
 * profile, which is compiled sooner; `uv`, a promise that it is installed; `report`, which is told how many crates are done.
 * @returns Whether anything changed.
 */
export async function providePrograms(processor, { names = Object.keys(PROGRAMS), published = false, uv, report } = {}) {
  let changed = false;
  for (const name of names) {
    // What is published serves here, too.
    if (published || !isPublished(name, processor)) {
      changed = await once(stampName(name, processor), [programDigest(name, processor, { published })], programPath(name, processor), async () => {
        const program = await provideCached(name, processor, { published, uv, report });
        mkdirSync(programsDirectory(processor), { recursive: true });
        rmSync(programPath(name, processor), { force: true });
        cpSync(program, programPath(name, processor));
      }) || changed;
    }
  }
  return changed;
}

/** Returns whether the clone's program is what would be published of this source. */
function isPublished(name, processor) {
  return isMade(stampName(name, processor), [programDigest(name, processor, { published: true })], programPath(name, processor));
}

/** Returns the clone's programs that no package may contain: those of the development profile, of another source, or of another Rust. */
export function unpublishedPrograms() {
  return Object.keys(PROCESSORS).flatMap((processor) => Object.keys(PROGRAMS)
    .filter((name) => existsSync(programPath(name, processor)) && !isPublished(name, processor))
    .map((name) => relative(crate, programPath(name, processor))));
}
