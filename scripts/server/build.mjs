// `npm run native -- build`: builds the programs of the npm package with the pinned Rust. `--processor arm64` builds only these.
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { announced, root } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { PROGRAMS, programsDirectory, providePrograms } from './programs.mjs';
import { PROCESSORS } from './rust.mjs';

const MINUTES = 5;

/** The option that names processors, for `parseArgs`. */
export const processorOption = { type: 'string', multiple: true, default: Object.keys(PROCESSORS) };

/** Throws for processors that Lambda does not have. */
export function checkProcessors(processors) {
  const unknown = processors.filter((processor) => !(processor in PROCESSORS));
  if (unknown.length) {
    throw new Error(`--processor must be one of ${Object.keys(PROCESSORS).join(', ')}, got ${unknown.join(', ')}`);
  }
}

/** Builds the programs for these processors as they are published. */
export async function buildNative(processors) {
  for (const processor of processors) {
    const title = `native runtime for ${processor}`;
    const report = (text) => process.stderr.write(`  ${title}: ${text}\n`);
    await announced(`${title}, about ${MINUTES} minutes on two processors if it is not cached`, () => providePrograms(processor, { published: true, report }));
  }
}

async function main() {
  const { values } = parseArgs({ options: { processor: processorOption } });
  checkProcessors(values.processor);
  await setUp({ programs: [] });
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
