// `npm run native -- build`: builds the programs of the npm package with the pinned Rust. `--processor arm64` builds only these.
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { announced, root } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { PROGRAMS, programsDirectory, providePrograms } from './programs.mjs';
import { PROCESSORS } from './rust.mjs';

/** Builds the programs for the named processors, or for all. */
export async function buildNative(processors = Object.keys(PROCESSORS)) {
  for (const processor of processors) {
    await announced(`native runtime for ${processor}`, () => providePrograms(processor, { exact: true }));
  }
}

async function main() {
  const { values } = parseArgs({ options: { processor: { type: 'string', multiple: true, default: Object.keys(PROCESSORS) } } });
  const unknown = values.processor.filter((processor) => !(processor in PROCESSORS));
  if (unknown.length) {
    throw new Error(`--processor must be one of ${Object.keys(PROCESSORS).join(', ')}, got ${unknown.join(', ')}`);
  }
  await setUp();
  await buildNative(values.processor);
  for (const processor of values.processor) {
    for (const program of Object.keys(PROGRAMS)) {
      const path = join(programsDirectory(processor), program);
      process.stdout.write(`✓ ${relative(root, path)}: ${statSync(path).size} bytes\n`);
    }
  }
}

if (process.argv[1] === join(root, 'scripts', 'server', 'build.mjs')) {
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
}
