// `npm run package`: builds the library, then the package of each language in dist/. `-- --target js --target python` builds only these;
// `-- --processor x86_64` packages the native programs of this processor only.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNative, checkProcessors, processorOption } from '../server/build.mjs';
import { programsDirectory, unpublishedPrograms } from '../server/programs.mjs';
import { PROCESSORS } from '../server/rust.mjs';
import { root } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { writeAbsoluteLinks } from './readme.mjs';
import { setSourceDate, withSourceDate } from './source-date.mjs';

export const dist = join(root, 'dist');

/**
 * Programs that each target needs, and flags of jsii-pacmak: README and docstrings of the package for Python have their examples in Python, and the
 * package for .NET is generated but not compiled, because a .NET SDK may be missing.
 */
const TARGETS = {
  js: {},
  python: { flags: ['--rosetta-unknown-snippets', 'translate'] },
  java: { program: 'mvn', name: 'Maven' },
  go: { program: 'go', name: 'Go' },
  dotnet: { flags: ['--code-only'] },
};

/** Returns why a target's package cannot be built here, or undefined if it can. */
export function missingProgram(target) {
  const { program, name } = TARGETS[target];
  return program && spawnSync(program, ['version'], { stdio: 'ignore' }).error ? `${name} is not installed: it is needed for the package of the target ${target}` : undefined;
}

/** Replaces the packages with those of the built library. Throws if it has programs that must not be published. */
export function makePackages(targets, environment = process.env) {
  const unpublished = unpublishedPrograms();
  if (unpublished.length) {
    throw new Error(`a package must not contain ${unpublished.join(', ')}, compiled for development or from another source: run \`npm run native -- build\``);
  }
  writeAbsoluteLinks(root);
  for (const target of targets) {
    rmSync(join(dist, target), { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    // Maven's pom would name the time in a fingerprint.
    const args = ['jsii-pacmak', '--no-npmignore', '--no-fingerprint', ...TARGETS[target].flags ?? [], '--target', target, '--outdir', dist];
    const { status, stdout, stderr } = spawnSync('npx', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, env: withSourceDate(environment) });
    if (status !== 0) {
      throw new Error(`npx ${args.join(' ')} failed (${status}):\n${stdout ?? ''}${stderr ?? ''}`);
    }
    setSourceDate(join(dist, target));
  }
}

async function main() {
  const { values } = parseArgs({ options: { target: { type: 'string', multiple: true, default: Object.keys(TARGETS) }, processor: processorOption } });
  checkProcessors(values.processor);
  const unknown = values.target.filter((target) => !(target in TARGETS));
  if (unknown.length) {
    throw new Error(`--target must be one of ${Object.keys(TARGETS).join(', ')}, got ${unknown.join(', ')}`);
  }
  const missing = values.target.map(missingProgram).filter((problem) => problem !== undefined);
  if (missing.length) {
    throw new Error(`${missing.join('\n')}\nInstall what is missing, or name the packages that you want, such as \`npm run package -- --target python\``);
  }
  await setUp({ programs: [] });
  await buildNative(values.processor);
  Object.keys(PROCESSORS).filter((processor) => !values.processor.includes(processor))
    .forEach((processor) => rmSync(programsDirectory(processor), { recursive: true, force: true }));
  if (spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' }).status !== 0) {
    throw new Error('the library does not build');
  }
  makePackages(values.target);
  process.stdout.write(`${values.target.map((target) => `✓ dist/${target}`).join('\n')}\n`);
}

if (process.argv[1] === join(root, 'scripts', 'package', 'main.mjs')) {
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
}
