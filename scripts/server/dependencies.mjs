// Keeps what Cargo compiled of dependencies for the user's other clones. Cargo itself decides whether a clone can use it.
// Nothing of the repository's own packages is kept: Cargo does not distinguish clones, and compares only times of their files.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/environment.mjs';
import { markUsed, removeUnused, userCache } from '../setup/user-cache.mjs';
import { cargoTarget, crate, VERSIONS } from './rust.mjs';

const FINGERPRINTS = '.fingerprint';
/** For this machine. For other targets Cargo takes into account where the linker is, which is in the clone. */
const PROFILE = 'debug';

/** Packages of these, which a clone compiles anew, are those without a source. */
const LOCKS = [join(crate, 'Cargo.lock'), join(crate, 'fuzz', 'Cargo.lock')];

function ownPackages() {
  return LOCKS.flatMap((lock) => readFileSync(lock, 'utf8').split('[[package]]\n').slice(1))
    .filter((entry) => !/^source = /m.test(entry))
    .map((entry) => /^name = "(.+)"$/m.exec(entry)[1]);
}

/** One directory for each version of the lock files and of Rust, so that what nothing needs any more can be removed. */
function kept() {
  const digest = createHash('sha256').update(VERSIONS.commit);
  LOCKS.forEach((lock) => digest.update(readFileSync(lock)));
  return join(userCache('cargo'), digest.digest('hex').slice(0, 16));
}

const names = (directory) => existsSync(directory) ? readdirSync(directory) : [];

/** `ring-5cdd28c4884bae85`, `libring-5cdd28c4884bae85.rlib`: Cargo's hash of a unit of compilation. */
const unit = (name) => /-([0-9a-f]{16})(\.\w+)*$/.exec(name)?.[1];

async function copy(files, to) {
  mkdirSync(to, { recursive: true });
  // With times to the nanosecond, which Cargo compares, and in portions that fit into a command line.
  for (let at = 0; at < files.length; at += 500) {
    await run('cp', ['-pR', ...files.slice(at, at + 500), to]);
  }
}

/** Runs `work`, which runs Cargo, with the dependencies that other clones have compiled, and keeps those that it compiles. */
export async function withDependencies(work) {
  await restore();
  const result = await work();
  // Dependencies that cannot be kept, because the disk is full or the directory cannot be written, are compiled again.
  await keep().catch(({ message }) => process.stderr.write(`compiled dependencies are not kept for other clones: ${message}\n`));
  return result;
}

/** In a clone that has compiled nothing yet. */
async function restore() {
  const from = kept();
  if (existsSync(join(from, PROFILE, FINGERPRINTS)) && !existsSync(join(cargoTarget, PROFILE))) {
    await copy([join(from, PROFILE)], cargoTarget);
    markUsed(from);
  }
}

async function keep() {
  const to = kept();
  mkdirSync(to, { recursive: true });
  const own = ownPackages();
  const partial = mkdtempSync(join(userCache('cargo'), 'partial-'));
  try {
    const known = new Set(names(join(to, PROFILE, FINGERPRINTS)));
    const found = names(join(cargoTarget, PROFILE, FINGERPRINTS)).filter((name) => !known.has(name) && !own.includes(name.replace(/-[0-9a-f]{16}$/, '')));
    const units = new Set(found.map(unit));
    // The fingerprint last: Cargo believes it.
    for (const part of ['deps', 'build', FINGERPRINTS]) {
      const wanted = names(join(cargoTarget, PROFILE, part)).filter((name) => units.has(unit(name)));
      await copy(wanted.map((name) => join(cargoTarget, PROFILE, part, name)), join(partial, part));
      mkdirSync(join(to, PROFILE, part), { recursive: true });
      wanted.filter((name) => !existsSync(join(to, PROFILE, part, name))).forEach((name) => {
        renameSync(join(partial, part, name), join(to, PROFILE, part, name));
      });
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  markUsed(to);
  removeUnused('cargo');
}
